"""`preread dead`: work that was given up, listed, shown, tried again and discarded."""

import getpass
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from service.cli.each import each
from service.cli.options import AsJson, IDs, Limit, Page
from service.cli.studies import dead_tables as tables
from service.cli.studies.quarantine_tables import show_place
from service.config.load import load_settings
from service.enqueue.dead_letters import DeadLetters, Entry
from service.errors import ConfigurationError, NotInThisState
from service.storage.ledger.tables.leases import GivenUp
from service.telemetry.logs import configure_logs

SomeIDs = Annotated[list[str] | None, typer.Argument(metavar="IDS", help="As above; or --all, or --queue.")]
Queue = Annotated[str | None, typer.Option(help="Those of this queue only.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        name="dead",
        help="List, show, retry and discard dead letters: work that was given up.",
        no_args_is_help=True,
    )
    group.command("list")(list_entries)
    group.command()(show)
    group.command()(retry)
    group.command()(discard)
    app.add_typer(group)


def list_entries(
    context: typer.Context, limit: Limit = 50, page: Page = 1, queue: Queue = None, as_json: AsJson = False
) -> None:
    """List the dead letters of every queue, oldest first, with the reason of each.

    Superseded ones are those whose study has moved on: `retry` and `discard` both only take them out.
    """
    with _dead_letters(context) as dead:
        entries, bare = dead.entries(queue), dead.without_letter()
    shown = entries[(page - 1) * limit :][:limit]
    if as_json:
        told = [tables.entry_as_json(entry) for entry in shown]
        typer.echo(json.dumps({"count": len(entries), "entries": told, "without_letter": _uids(bare)}))
    else:
        tables.show_entries(shown)
        show_place("given up", (page - 1) * limit, len(shown), len(entries))
        tables.show_without_letter(bare)


def show(
    context: typer.Context,
    entry_id: Annotated[str, typer.Argument(metavar="ID", help="The ID, or its beginning.")],
    as_json: AsJson = False,
) -> None:
    """Show one dead letter: its message, why it was given up, and where its study stands."""
    with _dead_letters(context) as dead:
        (entry,) = dead.find([entry_id])
    if as_json:
        typer.echo(json.dumps(tables.entry_as_json(entry)))
    else:
        tables.show_entry(entry)


def retry(
    context: typer.Context,
    ids: SomeIDs = None,
    all_: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    queue: Queue = None,
) -> None:
    """Route and analyse the studies of dead letters again, and take the letters out; find the cause first.

    What was scored is not scored again, and reports that say the same stand. The service may run meanwhile.
    """
    if bool(ids) + all_ + (queue is not None) != 1:
        raise ConfigurationError("name dead letters by their IDs, or give --all, or --queue NAME")
    with _dead_letters(context) as dead:
        entries = dead.find(ids) if ids else dead.entries(queue)
        _each_told(entries, "retrying", lambda entry: dead.retry(entry, getpass.getuser()))


def discard(
    context: typer.Context,
    ids: IDs,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    why: Annotated[
        str, typer.Option(help="The reason, for the log and the study's history: no patient data.")
    ] = "",
) -> None:
    """Delete dead letters for good. Their studies stay as they are; `preread retry` still works for them."""
    with _dead_letters(context) as dead:
        entries = dead.find(ids)
        if not yes:
            tables.show_entries(entries)
            typer.confirm(f"Delete {len(entries)} for good?", abort=True)
        _each_told(entries, "discarding", lambda entry: dead.discard(entry, getpass.getuser(), why))


@contextmanager
def _dead_letters(context: typer.Context) -> Iterator[DeadLetters]:
    settings = load_settings(context.obj)
    configure_logs(settings.log_format, settings.log_uids)
    from service.wiring.adapters import open_broker, open_ledger, work_queues

    with closing(open_ledger(settings)) as ledger, closing(open_broker(settings, ledger)) as broker:
        yield DeadLetters(ledger, broker, work_queues(settings))


def _each_told(entries: Sequence[Entry], doing: str, act: Callable[[Entry], str]) -> None:
    """Say of each what became of it. One that is refused holds up no other; the exit status tells."""
    told: list[str] = []
    refused: list[str] = []

    def one(entry: Entry) -> None:
        try:
            told.append(f"{entry.id[: tables.SHORT]}: {act(entry)}")
        except NotInThisState as error:
            refused.append(f"{entry.id[: tables.SHORT]}: left as it is: {error}")

    each(entries, doing, one)
    for line in [*told, *refused]:
        Console(highlight=False).print(Text(line))
    if not entries:
        Console().print("there are no dead letters")
    if refused:
        raise typer.Exit(1)


def _uids(notes: Sequence[GivenUp]) -> list[str]:
    return [note.study_instance_uid for note in notes]
