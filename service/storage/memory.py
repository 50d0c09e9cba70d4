"""An instance store in memory, for tests."""

import threading

from service.errors import OutOfSpace
from service.storage.keys import check_key, check_prefix


class MemoryStore:
    """Forgets everything at its end. `capacity_bytes` bounds what it keeps."""

    def __init__(self, capacity_bytes: int = 2**40) -> None:
        self._capacity_bytes = capacity_bytes
        self._kept: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`. Raises OutOfSpace beyond the capacity, ValueError for a bad key."""
        check_key(key)
        with self._lock:
            used = sum(len(kept) for name, kept in self._kept.items() if name != key)
            if used + len(data) > self._capacity_bytes:
                raise OutOfSpace(f"no room for {len(data)} bytes: raise capacity_bytes")
            self._kept[key] = bytes(data)

    def get(self, key: str) -> bytes:
        """The bytes under `key`. Raises KeyError where there are none, ValueError for a bad key."""
        check_key(key)
        return self._kept[key]

    def exists(self, key: str) -> bool:
        """Whether there are bytes under `key`. Raises ValueError for a bad key."""
        check_key(key)
        return key in self._kept

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin with `prefix`, sorted. Raises ValueError for a bad prefix."""
        check_prefix(prefix)
        with self._lock:
            return sorted(key for key in self._kept if key.startswith(prefix))

    def delete(self, key: str) -> None:
        """Forget the bytes under `key`. Raises ValueError for a bad key."""
        check_key(key)
        with self._lock:
            self._kept.pop(key, None)

    def free_bytes(self) -> int:
        """Capacity left."""
        with self._lock:
            return self._capacity_bytes - sum(map(len, self._kept.values()))
