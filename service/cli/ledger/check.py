"""`preread ledger check`: ledger and instance store compared."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from service.cli.options import AsJson
from service.config.load import load_settings
from service.recover.check import Compared
from service.telemetry.logs import configure_logs

SHOWN = 20
PERCENT = 100


def add_to(group: typer.Typer) -> None:
    """Register the command."""
    group.command()(check)


def check(
    context: typer.Context,
    sample: Annotated[
        float, typer.Option(help="Percent of the images that are read whole.", min=0.0, max=100.0)
    ] = 1.0,
    check_all: Annotated[bool, typer.Option("--all", help="Read every image whole.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the ledger with the instance store: entries without bytes, bytes without an entry, wrong bytes.

    Every entry and every file is looked for; the digest of a sample is compared. The service may run
    meanwhile. The exit status is 1 where something is wrong.
    """
    settings = load_settings(context.obj)
    configure_logs(settings.log_format, settings.log_uids)
    from service.wiring.recover import open_check

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with (
        open_check(settings, 1.0 if check_all else sample / PERCENT) as run,
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task("comparing", total=None)
        found = run.run(lambda so_far: bar.update(task, description=f"{so_far.studies} studies compared"))
    if as_json:
        typer.echo(json.dumps(found.to_json()))
    else:
        _show(found)
    if not found.is_sound:
        raise typer.Exit(1)


def _show(found: Compared) -> None:
    console = Console(highlight=False)
    removed = f", {found.removed} removed by retention" if found.removed else ""
    console.print(f"{found.studies} studies, {found.instances} images{removed}; {found.read} read whole")
    _name(
        console,
        "without their bytes",
        found.missing_count,
        found.missing,
        "restore these files from the backup of the store; or let their senders, or `preread fetch`, bring "
        "the study again",
    )
    _name(
        console,
        "with other bytes than were received",
        found.damaged_count,
        found.damaged,
        "restore these files from the backup of the store, and look at its disk",
    )
    _name(
        console,
        "in the store and not in the ledger",
        found.not_entered_count,
        found.not_entered,
        "`preread ledger rebuild --add-missing` enters them",
    )
    if found.is_sound:
        console.print("[green]ledger and store agree[/]")


def _name(console: Console, what: str, count: int, keys: Sequence[str], advice: str) -> None:
    if not count:
        return
    console.print(f"[bold red]{count} {what}[/]: {advice}")
    for key in keys[:SHOWN]:
        console.print(Text(f"  {key}"))
    if count > SHOWN:
        console.print(f"  ... and {count - SHOWN} more (--json names them)")
