"""How quarantined instances look on a terminal, and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from service.accept.quarantine.entry import QuarantineEntry
from service.dicom.dump import DumpLine
from service.storage.store.quarantine_key import short_id


def show_entries(entries: Sequence[QuarantineEntry]) -> None:
    """A table of entries; nothing where there are none."""
    if not entries:
        return
    table = Table(show_lines=True)
    for name in ("ID", "received (UTC)", "sender", "size"):
        table.add_column(name, no_wrap=True)
    table.add_column("why, and which SOP Instance UID", overflow="fold")
    for entry in entries:
        cells = (
            entry.short_id,
            entry.received_at[:16].replace("T", " "),
            entry.calling_ae_title,
            decimal(entry.size_bytes),
            f"{entry.error}: {entry.reason}\n{entry.sop_instance_uid}",
        )
        table.add_row(*map(Text, cells))
    Console(highlight=False).print(table)


def show_departures(notes: Sequence[Mapping[str, Any]]) -> None:
    """A table of what was released and discarded; nothing where there is none."""
    if not notes:
        return
    table = Table("ID", "when (UTC)", "what", "by", show_lines=True)
    table.add_column("why, and which SOP Instance UID", overflow="fold")
    for note in notes:
        when = note["at"][:16].replace("T", " ")
        why = f"{note['why'] or 'no reason given'}\n{note['sop_instance_uid']}"
        table.add_row(*map(Text, (short_id(note["id"]), when, note["action"], note["who"], why)))
    Console(highlight=False).print(table)


def show_place(what: str, offset: int, shown: int, count: int) -> None:
    """Which part of a list was shown, and how to see the next."""
    console = Console(highlight=False)
    if not count:
        console.print(f"nothing is {what}")
    elif shown == count:
        console.print(f"{count} {what}")
    elif shown:
        console.print(f"{offset + 1} to {offset + shown} of {count} {what}; --page shows the others")
    else:
        console.print(f"{count} {what}; this page is behind the last one")


def show_entry(entry: QuarantineEntry, lines: Sequence[DumpLine], unreadable: str) -> None:
    """Everything about one entry, and its header."""
    console = Console(highlight=False)
    about = Table.grid(padding=(0, 2))
    for name, value in asdict(entry).items():
        about.add_row(name.replace("_", " "), Text(str(value)))
    console.print(about)
    if unreadable:
        console.print(Text(f"\nno header: {unreadable}"))
        return
    header = Table("tag", "VR", "keyword", "value")
    for line in lines:
        header.add_row(Text("  " * line.depth + line.tag), line.vr, line.keyword, Text(line.value))
    console.print(header)


def entry_as_json(entry: QuarantineEntry, lines: Sequence[DumpLine], unreadable: str) -> dict[str, object]:
    """For machines."""
    return asdict(entry) | {"header": [asdict(line) for line in lines], "unreadable": unreadable}
