"""`preread quarantine`: what was received and could not be kept, listed, shown, released and discarded."""

import getpass
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Annotated

import structlog
import typer
from rich.console import Console

from service.accept.quarantine.departures import departures
from service.accept.quarantine.entries import QuarantineEntries
from service.accept.quarantine.entry import QuarantineEntry, as_json
from service.cli.each import each
from service.cli.options import AsJson, IDs, Limit, Page
from service.cli.studies import quarantine_tables as tables
from service.config.load import load_settings
from service.dicom.dump import dump
from service.dicom.header import read_header_for_display
from service.errors import ConfigurationError, PrereadError, Refused
from service.storage.store.port import InstanceStore
from service.telemetry.logs import configure_logs

log = structlog.get_logger()

Why = Annotated[
    str, typer.Option(help="The reason, for the log and the quarantine's journal: no patient data.")
]


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
    group.command()(journal)
    app.add_typer(group)


def list_entries(context: typer.Context, limit: Limit = 50, page: Page = 1, as_json_: AsJson = False) -> None:
    """List the quarantined instances, newest day first, with the reason of each."""
    quarantined = QuarantineEntries(_store(context))
    shown = quarantined.page((page - 1) * limit, limit)
    if as_json_:
        typer.echo(json.dumps({"count": len(quarantined), "entries": as_json(shown)}))
    else:
        tables.show_entries(shown)
        tables.show_place("in the quarantine", (page - 1) * limit, len(shown), len(quarantined))


def journal(context: typer.Context, limit: Limit = 50, page: Page = 1, as_json_: AsJson = False) -> None:
    """List what was released and discarded, by whom and why; what was quarantined last comes first."""
    left, count = departures(_store(context), (page - 1) * limit, limit)
    if as_json_:
        typer.echo(json.dumps({"count": count, "entries": left}))
    else:
        tables.show_departures(left)
        tables.show_place("released or discarded", (page - 1) * limit, len(left), count)


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
    entry = QuarantineEntries(store).find(entry_id)
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
    quarantined = QuarantineEntries(store)
    entries = [quarantined.find(one) for one in ids]
    with closing(open_ledger(settings)) as ledger:
        releaser = open_releaser(settings, ledger, store)

        def let_go(entry: QuarantineEntry) -> None:
            releaser.release(entry, as_is=as_is)
            _forget(quarantined, entry, "released", why)

        _each_reported(entries, "releasing", let_go)
    Console().print(f"{len(entries)} released; `preread status` shows where the study stands")


def discard(
    context: typer.Context,
    ids: IDs,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    why: Why = "",
) -> None:
    """Delete quarantined instances for good. The quarantine's journal keeps who did it, when and why."""
    quarantined = QuarantineEntries(_store(context))
    entries = [quarantined.find(one) for one in ids]
    if not yes:
        tables.show_entries(entries)
        typer.confirm(f"Delete {len(entries)} for good?", abort=True)
    _each_reported(entries, "discarding", lambda entry: _forget(quarantined, entry, "discarded", why))
    Console().print(f"{len(entries)} discarded")


def _store(context: typer.Context) -> InstanceStore:
    settings = load_settings(context.obj)
    configure_logs(settings.log_format, settings.log_uids)
    from service.wiring.adapters import open_store

    return open_store(settings)


def _forget(quarantined: QuarantineEntries, entry: QuarantineEntry, action: str, why: str) -> None:
    who = getpass.getuser()
    quarantined.remove(entry, action, who, why)
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
    """As `each`; what goes wrong says with which entry. Those before it are done."""

    def reported(entry: QuarantineEntry) -> None:
        try:
            act(entry)
        except KeyError:
            raise ConfigurationError(f"{entry.id}: another command has just removed it") from None
        except PrereadError as error:
            raise type(error)(f"{entry.id}: {error}") from error

    each(entries, doing, reported)
