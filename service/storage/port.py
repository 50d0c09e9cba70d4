"""The instance store port: durable bytes under keys. tests/contracts/store.py holds adapters to it."""

from typing import Protocol


class InstanceStore(Protocol):
    """Keeps bytes under keys such as `instances/<study>/<instance>.dcm`."""

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`; return only once it would survive a loss of power.

        Replaces what was there, atomically: a reader sees the old bytes or the new ones. Raises OutOfSpace
        when the disk is full, StoreUnavailable when the store does not answer.
        """
        ...

    def get(self, key: str) -> bytes:
        """The bytes under `key`. Raises KeyError where there are none."""
        ...

    def exists(self, key: str) -> bool:
        """Whether there are bytes under `key`."""
        ...

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin with `prefix`, sorted."""
        ...

    def delete(self, key: str) -> None:
        """Forget the bytes under `key`; nothing happens where there are none."""
        ...

    def free_bytes(self) -> int:
        """Space left."""
        ...
