"""The journal in a folder: append returns once the record is durable; `done` gives its place back.

Associations that append at the same time share one flush. Segments are used again and again; more are made
while nobody takes records away (the database is gone, say), and removed afterwards. What was appended and not
done is there again after a crash, in order.
"""

import fcntl
import os
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from service.errors import ConfigurationError
from service.storage.disk import flush_folder, translated
from service.storage.journal.record import Part, padded
from service.storage.journal.segment import Segment

SUFFIX = ".segment"
SEGMENT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A place in the journal, kept until `Journal.done`."""

    segment: Segment
    at: int

    def read(self) -> tuple[memoryview, memoryview]:
        """Entry and content as they were appended. Raises KeyError where the file is damaged, OSError."""
        return self.segment.read(self.at)


class Journal:
    """Opens the journal in `folder`; threads may share it, other processes may not have it at the same time.

    `ready` segments are kept for use. `left_over` are the records of an earlier process; `damaged` are files
    in which one of them cannot be read any more: these are kept for a person to look at. Raises
    ConfigurationError where another process has the folder, StoreUnavailable, OutOfSpace.
    """

    def __init__(self, folder: Path, ready: int = 8, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._ready = ready
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        self._free: list[Segment] = []
        self._uses: dict[Segment, int] = {}
        self._active: Segment | None = None
        self.damaged: list[Path] = []
        with translated(folder, "open the journal"):
            folder.mkdir(parents=True, exist_ok=True)
            flush_folder(folder.parent)
            self._lock_file = _take(folder)
            self.left_over = self._recover()

    @property
    def is_half_used(self) -> bool:
        """Whether at least half of the segments that are kept ready hold records."""
        return 2 * len(self._uses) > self._ready

    def append(self, entry: Part, content: Part = b"", content_digest: bytes | None = None) -> Record:
        """Keep an entry with its content; return once it would survive a loss of power.

        `content_digest` is the BLAKE3 of `content`, 32 bytes, for callers who have it. Raises ValueError for
        more than a segment holds, OutOfSpace, StoreUnavailable.
        """
        length = len(entry) + len(content)
        if padded(length) > self._segment_bytes:
            raise ValueError(f"a record of {length} bytes does not fit into a segment")
        with translated(self._folder, "write its journal"):
            with self._lock:
                full = self._make_room(length)
                segment = self._in_use()
                record = Record(segment, segment.append(entry, content, content_digest))
                self._uses[segment] += 1
                written = segment.written
            try:
                segment.flush(written)
            except OSError:
                self.done(record)
                raise
            if full is not None:
                self._give_back(full)
        return record

    def done(self, record: Record) -> None:
        """The record is not needed any more. Raises StoreUnavailable."""
        with translated(self._folder, "use its journal again"):
            self._give_back(record.segment)

    def prepare(self) -> bool:
        """Make one ready segment, if one is missing, off the path of any sender. Returns whether it did.

        Raises OutOfSpace, StoreUnavailable.
        """
        with self._lock:
            if len(self._free) + len(self._uses) >= self._ready:
                return False
        with translated(self._folder, "make a segment of its journal"):
            segment = self._new_segment()
            segment.fill()
        with self._lock:
            self._free.append(segment)
        return True

    def close(self) -> None:
        """Let go of the folder. What is not done stays for the next process. Raises StoreUnavailable."""
        with self._lock:
            active, self._active = self._active, None
        with translated(self._folder, "close its journal"):
            if active is not None:
                self._give_back(active)
            for segment in [*self._free, *self._uses]:
                segment.close()
            os.close(self._lock_file)

    def _make_room(self, length: int) -> Segment | None:
        """Have an active segment with room; the one before it, if it was full. The lock is held."""
        full = self._active
        if full is not None and full.has_room(length):
            return None
        segment = self._free.pop() if self._free else self._new_segment()
        segment.begin(time.time_ns())
        self._uses[segment] = 1  # being active is a use too
        self._active = segment
        return full

    def _in_use(self) -> Segment:
        if self._active is None:
            raise ValueError("the journal is closed")
        return self._active

    def _give_back(self, segment: Segment) -> None:
        """One use of a segment ends; with the last one it becomes ready again, or is removed."""
        with self._lock:
            self._uses[segment] -= 1
            if self._uses[segment]:
                return
            del self._uses[segment]
            is_kept = not segment.is_broken and len(self._free) + len(self._uses) < self._ready
        if is_kept:
            segment.retire()
            with self._lock:
                self._free.append(segment)
        else:
            segment.close()
            segment.path.unlink(missing_ok=True)

    def _new_segment(self) -> Segment:
        segment = Segment(self._folder / f"{uuid.uuid4()}{SUFFIX}", self._segment_bytes)
        flush_folder(self._folder)
        return segment

    def _recover(self) -> list[Record]:
        """What earlier processes have left; empty segments become ready, damaged ones stay as they are."""
        left: list[Segment] = []
        found: dict[Segment, list[Record]] = {}
        for path in self._folder.glob(f"*{SUFFIX}"):
            segment = Segment(path, self._segment_bytes)
            records, is_damaged = segment.records()
            found[segment] = [Record(segment, at) for at in records]
            if is_damaged:
                self.damaged.append(path)
            if records:
                self._uses[segment] = len(records) + is_damaged  # so that a damaged one is never used again
                left.append(segment)
            else:
                self._free.append(segment)
        left.sort(key=lambda segment: segment.generation)
        return [record for segment in left for record in found[segment]]


def _take(folder: Path) -> int:
    """Have the folder for this process alone. Raises ConfigurationError, OSError."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ConfigurationError(
            f"another process has the journal in {folder}: give each accept process a folder of its own "
            "(accept.journal_folder), or stop the other one"
        ) from None
    return descriptor
