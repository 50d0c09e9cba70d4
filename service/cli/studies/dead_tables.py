"""How dead letters look on a terminal, and as JSON."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.enqueue.dead_letters import Entry
from service.storage.ledger.tables.leases import GivenUp

SHORT = 8
"""Digits of an ID that are enough for a person."""


def show_entries(entries: Sequence[Entry]) -> None:
    """A table of dead letters; nothing where there are none."""
    if not entries:
        return
    table = Table(show_lines=True)
    for name in ("ID", "given up (UTC)", "queue"):
        table.add_column(name, no_wrap=True)
    table.add_column("why, and which study", overflow="fold")
    for entry in entries:
        cells = (entry.id[:SHORT], _when(entry), entry.letter.envelope.queue, _why(entry))
        table.add_row(*map(Text, cells))
    Console(highlight=False).print(table)


def show_entry(entry: Entry) -> None:
    """Everything about one of them."""
    about = Table.grid(padding=(0, 2))
    for name, value in entry_as_json(entry).items():
        about.add_row(name.replace("_", " "), Text("" if value is None else str(value)))
    Console(highlight=False).print(about)


def show_without_letter(notes: Sequence[GivenUp]) -> None:
    """What the ledger calls given up, and no dead letter is there to be tried again."""
    for note in notes:
        text = f"{note.work} was given up and has no dead letter; `preread retry {note.study_instance_uid}`"
        Console(highlight=False).print(Text(text))


def entry_as_json(entry: Entry) -> dict[str, Any]:
    """For machines."""
    letter, request, study = entry.letter, entry.request, entry.study
    return {
        "id": entry.id,
        "queue": letter.envelope.queue,
        "study_instance_uid": request.study_instance_uid if request else None,
        "revision": request.revision if request else None,
        "work": request.work if request else None,
        "given_up_at": entry.note.dead_at.isoformat() if entry.note else None,
        "attempts": letter.attempts,
        "reason": entry.reason,
        "superseded": entry.superseded,
        "study_state": study.state if study else None,
        "study_reason": study.reason if study else None,
        "message": letter.envelope.body,
    }


def _when(entry: Entry) -> str:
    return f"{entry.note.dead_at:%Y-%m-%d %H:%M}" if entry.note else ""


def _why(entry: Entry) -> str:
    study = entry.request.study_instance_uid if entry.request else "no message that this version knows"
    superseded = [f"superseded: {entry.superseded}"] if entry.superseded else []
    return "\n".join([entry.reason, *superseded, study])
