"""The journal in a folder: a record is durable when it is committed; `done` gives its place back.

A draft has a segment for itself while it is written, so that several are written and flushed side by side,
and most of each is on the disk before its end. Segments are used again and again; more are made while nobody
takes records away (the database is gone, say), and removed afterwards. What was committed and not done is
there again after a crash, in order.
"""

import fcntl
import os
import threading
import time
import uuid
from pathlib import Path

from service.errors import ConfigurationError
from service.storage.journal.draft import CONTENT_BYTES, ENTRY_BYTES, Draft, Record
from service.storage.journal.segment import Segment
from service.storage.store.disk import flush_folder, translated

SUFFIX = ".segment"
SEGMENT_BYTES = 32 * 1024 * 1024


class Journal:
    """Opens the journal in `folder`; threads may share it, other processes may not have it at the same time.

    `ready` segments are kept for use. `left_over` are the records of an earlier process; `damaged` are files
    in which one of them cannot be read any more: these are kept for a person to look at. Raises
    ConfigurationError where another process has the folder, StoreUnavailable, OutOfSpace.
    """

    def __init__(
        self,
        folder: Path,
        ready: int = 8,
        segment_bytes: int = SEGMENT_BYTES,
        content_bytes: int = CONTENT_BYTES,
    ) -> None:
        self._folder = folder
        self._ready = ready
        self._segment_bytes = segment_bytes
        self._content_bytes = content_bytes
        self._lock = threading.Lock()
        self._free: list[Segment] = []
        self._uses: dict[Segment, int] = {}
        self._idle: list[Segment] = []
        """Begun, with room for more, and nobody writes to them now."""
        self._drafting: set[Segment] = set()
        self._held_bytes = 0
        """Of records that are not done."""
        self._is_closed = False
        self.damaged: list[Path] = []
        with translated(folder, "open the journal"):
            folder.mkdir(parents=True, exist_ok=True)
            flush_folder(folder.parent)
            self._lock_file = _take(folder)
            self.left_over = self._recover()

    @property
    def is_half_used(self) -> bool:
        """Whether half of the ready segments' bytes are taken by records, or no segment is left to begin."""
        with self._lock:
            return self._is_out() or 2 * self._held_bytes > self._ready * self._segment_bytes

    @property
    def fill(self) -> float:
        """Share of the ready segments' bytes that records take; above 1 where more segments were made."""
        with self._lock:
            return self._held_bytes / (self._ready * self._segment_bytes)

    def begin(self) -> Draft | None:
        """Begin a record with content. None while there is no place: it is for bursts, not for heaps.

        Raises OutOfSpace, StoreUnavailable.
        """
        with self._lock:
            if self._is_out():
                return None
        return self._begin()

    def append(self, entry: bytes) -> Record:
        """Keep an entry without content; return once it would survive a loss of power.

        Raises ValueError for one of more than ENTRY_BYTES, OutOfSpace, StoreUnavailable.
        """
        return self._begin().commit(entry)

    def done(self, record: Record) -> None:
        """The record is not needed any more. Raises StoreUnavailable."""
        with self._lock:
            self._held_bytes -= record.length
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
            self._is_closed = True
            idle, self._idle = self._idle, []
        with translated(self._folder, "close its journal"):
            for segment in idle:
                self._give_back(segment)
            # Not those that a thread still writes to: their descriptors may soon be those of other files.
            for segment in {*self._free, *self._uses} - self._drafting:
                segment.close()
            os.close(self._lock_file)

    def _is_out(self) -> bool:
        """Whether no ready segment is left for another draft. Call with the lock held."""
        return not self._idle and len(self._uses) >= self._ready

    def _begin(self) -> Draft:
        with translated(self._folder, "write its journal"), self._lock:
            if self._is_closed:
                raise ValueError("the journal is closed")
            if self._idle:
                segment = self._idle.pop()
            else:
                segment = self._free.pop() if self._free else self._new_segment()
                segment.begin(time.time_ns())
                self._uses[segment] = 1  # while it is begun and not full; each record is a further one
            self._drafting.add(segment)
        return Draft(self._folder, segment, self._content_bytes, self._ended)

    def _ended(self, segment: Segment, record: Record | None) -> None:
        """A draft has ended, and is a record or not."""
        with self._lock:
            self._drafting.discard(segment)
            if record is not None:
                self._uses[segment] += 1
                self._held_bytes += record.length
            if segment.has_room(self._content_bytes + ENTRY_BYTES) and not self._is_closed:
                self._idle.append(segment)
                return
        self._give_back(segment)

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
        found: list[tuple[int, Record]] = []
        for path in self._folder.glob(f"*{SUFFIX}"):
            segment = Segment(path, self._segment_bytes)
            records, is_damaged = segment.records()
            if is_damaged:
                self.damaged.append(path)
            if records:
                self._uses[segment] = len(records) + is_damaged  # so that a damaged one is never used again
                found += [(moment_ns, Record(segment, at, length)) for moment_ns, at, length in records]
            else:
                self._free.append(segment)
        found.sort(key=lambda one: (one[0], one[1].at))
        self._held_bytes = sum(record.length for _, record in found)
        return [record for _, record in found]


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
