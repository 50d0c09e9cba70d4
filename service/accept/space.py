"""The watermark: an instance is refused while free space is low, rather than accepted and lost."""

import threading
import time
from collections.abc import Callable

from service.errors import OutOfSpace

LOOK_EVERY_S = 1.0


class SpaceWatermark:
    """Compares free space with the watermark; looks at the disk about once a second."""

    def __init__(
        self,
        free_bytes: Callable[[], int],
        min_free_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free_bytes = free_bytes
        self._min_free_bytes = min_free_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._left = 0

    def reserve(self, size_bytes: int) -> None:
        """Count `size_bytes` as used. Raises OutOfSpace when less than the watermark would be left free.

        What is reserved between two looks at the disk is counted, so a burst does not pass unseen. Raises
        StoreUnavailable when the store does not tell its free space.
        """
        with self._lock:
            if self._clock() - self._looked_at >= LOOK_EVERY_S:
                self._left = self._free_bytes()
                self._looked_at = self._clock()
            if self._left - size_bytes < self._min_free_bytes:
                raise OutOfSpace(
                    f"{self._left} bytes are free and {self._min_free_bytes} must stay free "
                    "(accept.min_free_bytes): free space on the disk of the data folder"
                )
            self._left -= size_bytes
