"""How much memory all datasets together may take while they arrive."""

import threading


class MemoryBudget:
    """Hands out up to `size_bytes`. Threads may share one."""

    def __init__(self, size_bytes: int) -> None:
        self._left = size_bytes
        self._lock = threading.Lock()

    def take(self, count: int) -> bool:
        """Have `count` bytes; False where so many are not left."""
        with self._lock:
            if self._left < count:
                return False
            self._left -= count
            return True

    def give_back(self, count: int) -> None:
        """Bytes that were taken are free again."""
        with self._lock:
            self._left += count
