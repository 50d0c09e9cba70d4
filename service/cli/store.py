"""`preread store prune`: remove received images that nobody needs here any more."""

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from service.cli.each import each
from service.config.load import load_settings
from service.errors import ConfigurationError
from service.storage.retention import Removal, Retention
from service.telemetry.logs import configure_logs

SHOWN = 20
"""Studies in the table; `--json` has all."""


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(name="store", help="Look after the instance store.", no_args_is_help=True)
    group.command()(prune)
    group.callback()(_several)
    app.add_typer(group)


def _several() -> None:
    """Keeps `prune` a command of its own, though there is one only."""


def prune(
    context: typer.Context,
    days: Annotated[
        int | None, typer.Option(help="In place of store.retention_days, for this once.", min=1)
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Do it. Without, it is only shown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show, or remove, the images of studies whose results were delivered so many days ago.

    Result objects, heatmaps, the quarantine and the history stay.
    """
    settings = load_settings(context.obj)
    configure_logs(settings.log_format, settings.log_uids)
    from service.wiring.adapters import open_ledger, open_store

    days = days or settings.store.retention_days
    if days is None:
        raise ConfigurationError("store.retention_days is not set: set it, or say --days")
    removals: list[Removal] = []
    with closing(open_ledger(settings)) as ledger:
        retention = Retention(ledger, open_store(settings), days)
        act = retention.remove if remove else retention.look

        def of_one(study_instance_uid: str) -> None:
            removal = act(study_instance_uid)
            if removal is not None:
                removals.append(removal)

        each(retention.due(), "removing" if remove else "looking", of_one)
    if as_json:
        typer.echo(json.dumps(_as_json(removals, days, removed=remove)))
    else:
        _show(removals, days, removed=remove)


def _as_json(removals: Sequence[Removal], days: int, *, removed: bool) -> dict[str, Any]:
    return {
        "removed": removed,
        "retention_days": days,
        "images": sum(one.images for one in removals),
        "size_bytes": sum(one.size_bytes for one in removals),
        "studies": [asdict(one) | {"delivered_at": one.delivered_at.isoformat()} for one in removals],
    }


def _show(removals: Sequence[Removal], days: int, *, removed: bool) -> None:
    console = Console(highlight=False)
    if not removals:
        console.print(f"no study was delivered {days} days ago or before and still has its images")
        return
    table = Table("delivered (UTC)", "images", "size", "Study Instance UID")
    for one in removals[:SHOWN]:
        when = f"{one.delivered_at:%Y-%m-%d %H:%M}"
        table.add_row(*map(Text, (when, str(one.images), decimal(one.size_bytes), one.study_instance_uid)))
    console.print(table)
    if len(removals) > SHOWN:
        console.print(f"... and {len(removals) - SHOWN} more (--json lists them)")
    images, size = sum(one.images for one in removals), decimal(sum(one.size_bytes for one in removals))
    what = f"{images} images, {size}, of {len(removals)} {'study' if len(removals) == 1 else 'studies'}"
    console.print(f"removed: {what}" if removed else f"{what}; nothing was removed yet: say --remove")
