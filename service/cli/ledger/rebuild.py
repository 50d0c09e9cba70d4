"""`preread ledger rebuild`: the database is lost, the instance store is not."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from service.cli.options import AsJson, span
from service.config.load import load_settings
from service.errors import ConfigurationError
from service.recover.found import Found
from service.telemetry.logs import configure_logs

SHOWN = 20
"""Files with a fault that are named; `--json` names more."""
LOST = (
    "Not in the store, and so lost with the ledger: accounts and tokens, the audit trail, what people said "
    "of results (their reports are in the PACS), who made what urgent, histories, proofs of delivery, "
    "comparisons in the shadow, promotions. service/storage/ledger/BACKUP.md says what to do about each."
)
_LINES = {
    "studies": "studies in the ledger that the store has",
    "analysed_again": "  entered and analysed; results of before are sent again",
    "kept": "  entered and kept as they are",
    "kept_without_report": "    of these without results in the store",
    "caught_up": "  brought up to what the store knows",
    "taken_up": "  kept until now, and analysed",
    "asked_again": "  under way, and asked for again",
    "instances_entered": "instances entered",
    "instances_known": "instances known already",
    "instances_quarantined": "instances quarantined: other content under a known UID",
    "results_only": "studies left out: their images were removed",
    "fault_count": "files left out for a fault",
}
_ALWAYS = ("studies", "analysed_again", "kept", "instances_entered", "fault_count")


def add_to(group: typer.Typer) -> None:
    """Register the command."""
    group.command()(rebuild)


def rebuild(
    context: typer.Context,
    since: Annotated[
        str, typer.Option(help="Analyse studies whose last image came within this time, such as 30d or 12h.")
    ] = "7d",
    analyse_all: Annotated[bool, typer.Option("--all", help="Analyse every study.")] = False,
    hold: Annotated[
        bool, typer.Option("--hold", help="Analyse none: keep all until they are asked for.")
    ] = False,
    add_missing: Annotated[
        bool, typer.Option("--add-missing", help="Enter what a ledger lacks that was restored from a backup.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be entered.")] = False,
    as_json: AsJson = False,
) -> None:
    """Enter every instance of the store into a new ledger, after the database was lost.

    Every file is read and its digest compared; one that is damaged is named and left out. Studies of the last
    days are analysed as if they had just come, and results that the store has are sent again as the same
    objects: a PACS holds them once. Older ones are kept (state `kept`): start the command again with
    --add-missing and a longer --since, or `preread retry` one. Killed and started again, it goes on. What a
    journal holds, `accept` enters when it starts.
    """
    settings = load_settings(context.obj)
    configure_logs(settings.log_format, settings.log_uids)
    begin = _since(since, analyse_all=analyse_all, hold=hold)
    from service.wiring.recover import open_rebuild

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with (
        open_rebuild(settings, begin, adds_missing=add_missing, dry=dry_run) as run,
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task("reading the store", total=None)
        found = run.run(lambda so_far: bar.update(task, description=_progress(so_far)))
    if as_json:
        typer.echo(json.dumps({"dry_run": dry_run, **found.to_json()}))
    else:
        _show(found, dry_run=dry_run)
    if found.fault_count:
        raise typer.Exit(1)


def _since(since: str, *, analyse_all: bool, hold: bool) -> datetime:
    if analyse_all and hold:
        raise ConfigurationError("--all and --hold exclude each other")
    if hold:
        return datetime.max.replace(tzinfo=UTC)
    if analyse_all:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.now(UTC) - _checked(since)


def _checked(since: str) -> timedelta:
    try:
        return span(since)
    except ConfigurationError:
        raise ConfigurationError(
            f"--since {since!r} is no time: give days or hours, such as 30d or 12h"
        ) from None


def _progress(found: Found) -> str:
    files = found.instances_entered + found.instances_known + found.fault_count
    return f"{files} files, {found.studies} studies, {found.fault_count} with a fault"


def _show(found: Found, *, dry_run: bool) -> None:
    console = Console(highlight=False)
    table = Table(show_header=False, box=None)
    for name, line in _LINES.items():
        if (count := getattr(found, name)) or name in _ALWAYS:
            table.add_row(line, f"{count}")
    console.print(table)
    for fault in found.faults[:SHOWN]:
        console.print(Text(f"{fault.key}: {fault.reason}"))
    if found.fault_count > SHOWN:
        console.print(f"... and {found.fault_count - SHOWN} more (--json names them)")
    if found.fault_count:
        console.print("Restore these files from a backup of the store, or let their senders send them again.")
    console.print("Nothing was entered: this was a dry run." if dry_run else LOST)
