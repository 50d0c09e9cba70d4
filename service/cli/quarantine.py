"""`preread quarantine list`, `show`, `release` and `discard`: what was received and could not be kept."""

import getpass
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Annotated, TypeVar

import structlog
import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from service.accept.quarantine.entries import (
    QuarantineEntry,
    as_json,
    find_entry,
    quarantined_keys,
    read_entry,
    remove,
)
from service.cli import quarantine_tables as tables
from service.config.load import load_settings
from service.dicom.dump import dump
from service.dicom.header import read_header_for_display
from service.errors import ConfigurationError, PrereadError, Refused
from service.storage.port import InstanceStore
from service.telemetry.logs import configure_logs

log = structlog.get_logger()

IDs = Annotated[list[str], typer.Argument(help="IDs as `list` shows them; their beginnings will do.")]
Why = Annotated[
    str, typer.Option(help="The reason, for the log and the quarantine's journal: no patient data.")
]
MANY = 10
"""Values for which a bar is shown."""
_T = TypeVar("_T")
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        name="quarantine",
        help="List, show, release and discard what was received and could not be kept.",
        no_args_is_help=True,
    )
    group.command("list")(list_entries)
    group.command()(show)
    group.command()(release)
    group.command()(discard)
    app.add_typer(group)


def list_entries(context: typer.Context, as_json_: AsJson = False) -> None:
    """List the quarantined instances, oldest day first, with the reason of each."""
    store = _store(context)
    entries: list[QuarantineEntry] = []
    _each(quarantined_keys(store), "reading", lambda key: entries.append(read_entry(store, key)))
    if as_json_:
        typer.echo(json.dumps(as_json(entries)))
    else:
        tables.show_entries(entries)


def show(
    context: typer.Context,
    entry_id: Annotated[str, typer.Argument(metavar="ID", help="The ID, or its beginning.")],
    patient_data: Annotated[
        bool, typer.Option("--patient-data", help="Show names, texts, dates and private values, too.")
    ] = False,
    as_json_: AsJson = False,
) -> None:
    """Show one quarantined instance: why it is there, and its header."""
    store = _store(context)
    entry = find_entry(store, entry_id)
    try:
        with store.open(entry.key) as file:
            lines, unreadable = dump(read_header_for_display(file), patient_data=patient_data), ""
    except Refused as error:
        lines, unreadable = [], str(error)
    if as_json_:
        typer.echo(json.dumps(tables.entry_as_json(entry, lines, unreadable)))
    else:
        tables.show_entry(entry, lines, unreadable)


def release(
    context: typer.Context,
    ids: IDs,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Take the dataset's own UIDs where its sender had named others.")
    ] = False,
    why: Why = "",
) -> None:
    """Receive quarantined instances once more; the service may run meanwhile, or not.

    With other content under a UID that is kept, the released one takes its place: the kept one goes to the
    quarantine, and the study becomes a new revision.
    """
    settings = load_settings(context.obj)
    from service.wiring.adapters import open_ledger
    from service.wiring.quarantine import open_releaser

    store = _store(context)
    entries = [find_entry(store, one) for one in ids]
    with closing(open_ledger(settings)) as ledger:
        releaser = open_releaser(settings, ledger, store)

        def let_go(entry: QuarantineEntry) -> None:
            releaser.release(entry, as_is=as_is)
            _forget(store, entry, "released", why)

        _each_reported(entries, "releasing", let_go)
    Console().print(f"{len(entries)} released; `preread status` shows where the study stands")


def discard(
    context: typer.Context,
    ids: IDs,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    why: Why = "",
) -> None:
    """Delete quarantined instances for good. The quarantine's journal keeps who did it, when and why."""
    store = _store(context)
    entries = [find_entry(store, one) for one in ids]
    if not yes:
        tables.show_entries(entries)
        typer.confirm(f"Delete {len(entries)} for good?", abort=True)
    _each_reported(entries, "discarding", lambda entry: _forget(store, entry, "discarded", why))
    Console().print(f"{len(entries)} discarded")


def _store(context: typer.Context) -> InstanceStore:
    settings = load_settings(context.obj)
    configure_logs(settings.log_format, settings.log_uids)
    from service.wiring.adapters import open_store

    return open_store(settings)


def _forget(store: InstanceStore, entry: QuarantineEntry, action: str, why: str) -> None:
    who = getpass.getuser()
    remove(store, entry, action, who, why)
    log.warning(
        f"quarantined instance {action}",
        sop_instance_uid=entry.sop_instance_uid,
        quarantined_as=entry.key,
        who=who,
        why=why,
    )


def _each_reported(
    entries: Sequence[QuarantineEntry], doing: str, act: Callable[[QuarantineEntry], None]
) -> None:
    """As `_each`; what goes wrong says with which entry. Those before it are done."""

    def reported(entry: QuarantineEntry) -> None:
        try:
            act(entry)
        except KeyError:
            raise ConfigurationError(f"{entry.id}: another command has just removed it") from None
        except PrereadError as error:
            raise type(error)(f"{entry.id}: {error}") from error

    _each(entries, doing, reported)


def _each(values: Sequence[_T], doing: str, act: Callable[[_T], object]) -> None:
    """One after the other, with a bar on standard error where there are many."""
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=len(values) < MANY) as bar:
        task = bar.add_task(doing, total=len(values))
        for value in values:
            act(value)
            bar.advance(task)
