"""An instance store in memory, for tests."""

import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import BinaryIO

from service.errors import OutOfSpace
from service.storage.store.keys import check_key, check_prefix
from service.storage.store.port import File, Kept, Upload


class MemoryStore:
    """Forgets everything at its end. `capacity_bytes` bounds what it keeps."""

    def __init__(self, capacity_bytes: int = 2**40) -> None:
        self._capacity_bytes = capacity_bytes
        self._kept: dict[str, bytes] = {}
        self._written_at: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Keep `data` under `key`. Raises OutOfSpace beyond the capacity, ValueError for a bad key."""
        check_key(key)
        with self._lock:
            used = sum(len(kept) for name, kept in self._kept.items() if name != key)
            if used + len(data) > self._capacity_bytes:
                raise OutOfSpace(f"no room for {len(data)} bytes: raise capacity_bytes")
            self._kept[key] = bytes(data)
            self._written_at[key] = datetime.now(UTC)

    def begin(self) -> "MemoryUpload":
        """Begin to collect bytes."""
        return MemoryUpload(self)

    def move(self, key: str, new_key: str) -> None:
        """Have the bytes under another key. Raises KeyError without `key`, ValueError for a bad one."""
        check_key(key)
        check_key(new_key)
        with self._lock:
            self._kept[new_key] = self._kept.pop(key)
            self._written_at[new_key] = self._written_at.pop(key)

    def get(self, key: str) -> bytes:
        """The bytes under `key`. Raises KeyError where there are none, ValueError for a bad key."""
        check_key(key)
        return self._kept[key]

    def open(self, key: str) -> BinaryIO:
        """The bytes under `key` as a file. Raises KeyError where there are none, ValueError for a bad key."""
        return BytesIO(self.get(key))

    def exists(self, key: str) -> bool:
        """Whether there are bytes under `key`. Raises ValueError for a bad key."""
        check_key(key)
        return key in self._kept

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin with `prefix`, sorted. Raises ValueError for a bad prefix."""
        check_prefix(prefix)
        with self._lock:
            return sorted(key for key in self._kept if key.startswith(prefix))

    def walk(self, prefix: str) -> Iterator[Kept]:
        """What is under the keys that begin with `prefix`. Raises ValueError for a bad prefix."""
        for key in self.keys(prefix):
            yield Kept(key, len(self._kept[key]), self._written_at[key])

    def put_all(self, files: Iterable[File]) -> None:
        """`put` each."""
        for key, parts in files:
            self.put(key, b"".join(parts))

    def delete(self, key: str) -> None:
        """Forget the bytes under `key`. Raises ValueError for a bad key."""
        check_key(key)
        with self._lock:
            self._kept.pop(key, None)
            self._written_at.pop(key, None)

    def free_bytes(self) -> int:
        """Capacity left."""
        with self._lock:
            return self._capacity_bytes - sum(map(len, self._kept.values()))


class MemoryUpload(Upload):
    """Bytes on their way into a MemoryStore."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._written: bytearray | None = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append `data`. Raises ValueError after `commit` or `abort`."""
        self._open().extend(data)

    def commit(self, key: str) -> None:
        """Keep what was written. Raises OutOfSpace beyond the store's capacity, ValueError as `write`."""
        written = self._open()
        check_key(key)
        self._written = None
        self._store.put(key, bytes(written))

    def abort(self) -> None:
        """Forget what was written."""
        self._written = None

    def _open(self) -> bytearray:
        if self._written is None:
            raise ValueError("the upload has ended: begin another one")
        return self._written
