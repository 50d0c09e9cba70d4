"""How quarantined instances look on a terminal, and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from service.accept.quarantine.entries import QuarantineEntry
from service.dicom.dump import DumpLine


def show_entries(entries: Sequence[QuarantineEntry]) -> None:
    """A table of entries, then how many there are."""
    console = Console(highlight=False)
    if not entries:
        console.print("the quarantine is empty")
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
    console.print(table)
    console.print(f"{len(entries)} in the quarantine; `preread quarantine show ID` tells more of one")


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
