"""`preread retention`: remove what nobody needs here any more, or show what would go."""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from service.cli.each import each
from service.cli.options import AsJson
from service.config.load import load_settings
from service.config.retention import RetentionSettings
from service.errors import ConfigurationError
from service.telemetry.logs import configure_logs
from service.wiring.retention import Retentions, open_retentions

_Row_co = TypeVar("_Row_co", covariant=True)
SHOWN = 20
"""Rows of the table; `--json` has all."""


@dataclass(frozen=True, slots=True)
class Removed:
    """One thing that goes."""

    what: str
    """`images`, `study` or `quarantined`."""
    since: str
    """When its time began to run, ISO 8601."""
    id: str
    """Study Instance UID, or ID in the quarantine."""
    files: int
    size_bytes: int | None = None


Days = Annotated[int | None, typer.Option(min=1, help="In place of the setting, for this once.")]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(retention)


def retention(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be removed.")] = False,
    images_days: Days = None,
    studies_days: Days = None,
    quarantine_days: Days = None,
    as_json: AsJson = False,
) -> None:
    """Remove what the settings under `retention` no longer keep; the service does so by itself every hour.

    Nothing undelivered is ever removed. What makes room (`retention.keep_free_bytes`) is left to the service.
    """
    settings = load_settings(context.obj)
    configure_logs(settings.log_format, settings.log_uids)
    from service.wiring.adapters import open_ledger, open_store

    asked = {"images_days": images_days, "studies_days": studies_days, "quarantine_days": quarantine_days}
    wanted = _checked(settings.retention, {name: days for name, days in asked.items() if days is not None})
    with closing(open_ledger(settings)) as ledger:
        removed = _all(open_retentions(wanted, ledger, open_store(settings)), remove=not dry_run)
    if as_json:
        typer.echo(json.dumps(_as_json(removed, wanted, dry_run=dry_run)))
    else:
        _show(removed, dry_run=dry_run)


def _checked(settings: RetentionSettings, asked: dict[str, int]) -> RetentionSettings:
    try:
        wanted = RetentionSettings.model_validate(settings.model_dump() | asked)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    if not (wanted.images_days or wanted.studies_days or wanted.quarantine_days):
        raise ConfigurationError(
            "everything is kept: set retention.images_days, studies_days or quarantine_days, or say "
            "--images-days, --studies-days or --quarantine-days"
        )
    return wanted


def _all(retentions: Retentions, *, remove: bool) -> list[Removed]:
    """Studies first: their images need not be removed one by one."""
    doing, removed = "removing" if remove else "looking", list[Removed]()

    def study(uid: str) -> None:
        if retentions.studies and (one := _act(retentions.studies, remove)(uid)):
            removed.append(Removed("study", one.done_at.isoformat(), uid, one.files))

    def images(uid: str) -> None:
        if retentions.images and (one := _act(retentions.images, remove)(uid)):
            removed.append(Removed("images", one.delivered_at.isoformat(), uid, one.images, one.size_bytes))

    if retentions.studies:
        each(retentions.studies.due(), doing, study)
    if retentions.images:
        each(retentions.images.due(), doing, images)
    if quarantine := retentions.quarantine:
        due = quarantine.due()
        removed += [Removed("quarantined", one.received_at, one.id, 1, one.size_bytes) for one in due]
        if remove:
            quarantine.turn()
    return removed


class _Remover(Protocol[_Row_co]):
    def look(self, study_instance_uid: str) -> _Row_co | None: ...
    def remove(self, study_instance_uid: str) -> _Row_co | None: ...


def _act(retention: _Remover[_Row_co], remove: bool) -> Callable[[str], _Row_co | None]:
    return retention.remove if remove else retention.look


def _as_json(removed: Sequence[Removed], wanted: RetentionSettings, *, dry_run: bool) -> dict[str, Any]:
    rows = [{name: getattr(one, name) for name in Removed.__slots__} for one in removed]
    return {"dry_run": dry_run, "retention": wanted.model_dump(), "removed": rows}


def _show(removed: Sequence[Removed], *, dry_run: bool) -> None:
    console = Console(highlight=False)
    if not removed:
        console.print("nothing is older than it is kept")
        return
    table = Table("what", "since (UTC)", "files", "size", "ID")
    for one in removed[:SHOWN]:
        size = "" if one.size_bytes is None else decimal(one.size_bytes)
        table.add_row(*map(Text, (one.what, one.since[:16], str(one.files), size, one.id)))
    console.print(table)
    if len(removed) > SHOWN:
        console.print(f"... and {len(removed) - SHOWN} more (--json lists them)")
    counts = {what: sum(one.what == what for one in removed) for what in ("study", "images", "quarantined")}
    told = f"{counts['study']} studies, images of {counts['images']}, {counts['quarantined']} quarantined"
    console.print(f"{told}: nothing was removed, this was a dry run" if dry_run else f"removed: {told}")
