"""A record that is being written, and the place of one that is written."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xxhash import xxh3_128

from service.storage.journal.record import Part
from service.storage.journal.segment import Segment
from service.storage.store.disk import translated

CONTENT_BYTES = 4 * 1024 * 1024
"""Most content of a record."""
ENTRY_BYTES = 16 * 1024
"""Longest entry."""
WRITEBACK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A place in the journal, kept until `Journal.done`."""

    segment: Segment
    at: int
    length: int
    """Bytes of entry and content."""

    def read(self) -> tuple[memoryview, memoryview]:
        """Entry and content. Raises KeyError where the file is damaged, OSError."""
        return self.segment.read(self.at)


class Draft:
    """Content on its way into `segment`, which is its own until `commit` or `abort`; one of them must follow.

    `ended` is told then, and of the record, if there is one.
    """

    def __init__(
        self,
        folder: Path,
        segment: Segment,
        content_bytes: int,
        ended: Callable[[Segment, Record | None], None],
    ) -> None:
        self.size_bytes = 0
        self._folder = folder
        self._segment = segment
        self._content_bytes = content_bytes
        self._ended = ended
        self._is_open = True
        self._begun = 0
        self._checksum = xxh3_128()

    def has_room(self, count: int) -> bool:
        """Whether `count` more bytes fit."""
        return self.size_bytes + count <= self._content_bytes

    def write(self, *pieces: Part) -> None:
        """Append content, for which there is room. Raises OutOfSpace, StoreUnavailable."""
        with translated(self._folder, "write its journal"):
            count = self._segment.write(self.size_bytes, *pieces)
        for piece in pieces:
            self._checksum.update(piece)
        self.size_bytes += count
        if self.size_bytes - self._begun >= WRITEBACK_BYTES:
            self._segment.begin_writeback(self._begun, self.size_bytes - self._begun)
            self._begun = self.size_bytes

    def content(self) -> bytes:
        """What was written. Raises StoreUnavailable."""
        with translated(self._folder, "read its journal"):
            return self._segment.content(self.size_bytes)

    def commit(self, entry: bytes) -> Record:
        """Make it a record with this entry; return once it would survive a loss of power.

        Raises ValueError for an entry of more than ENTRY_BYTES, OutOfSpace, StoreUnavailable; then there is
        no record.
        """
        if len(entry) > ENTRY_BYTES:
            self.abort()
            raise ValueError(f"an entry of {len(entry)} bytes is too long for the journal")
        try:
            with translated(self._folder, "write its journal"):
                at = self._segment.seal(entry, self.size_bytes, self._checksum.digest())
        except BaseException:
            self.abort()
            raise
        self._is_open = False
        record = Record(self._segment, at, len(entry) + self.size_bytes)
        self._ended(self._segment, record)
        return record

    def abort(self) -> None:
        """Forget it; nothing happens after `commit` or another `abort`."""
        if self._is_open:
            self._is_open = False
            self._ended(self._segment, None)
