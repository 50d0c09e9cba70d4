"""The instance store port: durable bytes under keys. tests/contracts/store.py holds adapters to it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import BinaryIO, Protocol, Self


class Upload(Protocol):
    """Bytes on their way into the store. Nobody sees them before `commit`; leaving the block drops them.

    Adapters inherit from it, and with that what a `with` does.
    """

    def __enter__(self) -> Self:
        """Nothing yet: it began when it was made."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Abort."""
        self.abort()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append `data`, which the caller may overwrite afterwards.

        Raises OutOfSpace, StoreUnavailable; ValueError after `commit` or `abort`.
        """
        ...

    def commit(self, key: str) -> None:
        """Keep what was written under `key`; return only once it would survive a loss of power.

        Replaces what was there, atomically: after OutOfSpace or StoreUnavailable, too, `key` has its old
        bytes or the new ones. Raises ValueError for a bad key, and after `commit` or `abort`.
        """
        ...

    def abort(self) -> None:
        """Forget what was written; nothing happens after `commit` or another `abort`."""
        ...


File = tuple[str, Sequence[bytes | memoryview]]
"""A key, and the parts of what is to be kept under it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is under a key. `written_at` is as the store tells it, in UTC: a bucket to the second, and a copy
    of a store may have times of its own.
    """

    key: str
    size_bytes: int
    written_at: datetime


class InstanceStore(Protocol):
    """Keeps bytes under keys such as `instances/<study>/<instance>.dcm`."""

    def begin(self) -> Upload:
        """Begin to write what need not fit into memory. Raises OutOfSpace, StoreUnavailable."""
        ...

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Keep `data` under `key`; return only once it would survive a loss of power.

        Replaces what was there, atomically: a reader sees the old bytes or the new ones. Raises OutOfSpace
        when the disk is full, StoreUnavailable when the store does not answer.
        """
        ...

    def put_all(self, files: Iterable[File]) -> None:
        """`put` each; return only once all would survive a loss of power, which is quicker than one by one.

        `files` is gone through once. After OutOfSpace or StoreUnavailable some may be kept.
        """
        ...

    def move(self, key: str, new_key: str) -> None:
        """Have the bytes of `key` under `new_key` instead; durable on return.

        At no moment has neither of them the bytes, and none has a part. A store that cannot rename copies:
        for a moment, and after a crash until it is called again, both have them. Onto itself, nothing
        happens. Raises KeyError where there are none, OutOfSpace, StoreUnavailable.
        """
        ...

    def get(self, key: str) -> bytes:
        """The bytes under `key`. Raises KeyError where there are none."""
        ...

    def open(self, key: str) -> BinaryIO:
        """The bytes under `key`, to read in pieces from any position. Close it. Raises KeyError, as `get`."""
        ...

    def exists(self, key: str) -> bool:
        """Whether there are bytes under `key`."""
        ...

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin with `prefix`, sorted."""
        ...

    def walk(self, prefix: str) -> Iterator[Kept]:
        """What is under the keys that begin with `prefix`, while it is looked for: not sorted, never all of
        it in memory, the files of one folder one after the other. What comes or goes meanwhile may be left
        out.
        """
        ...

    def delete(self, key: str) -> None:
        """Forget the bytes under `key`; nothing happens where there are none."""
        ...

    def free_bytes(self) -> int:
        """Bytes that can still be written. A store without a known end tells what is left on this machine for
        what is on its way there. Raises StoreUnavailable.
        """
        ...
