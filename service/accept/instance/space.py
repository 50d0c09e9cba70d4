"""The watermark: nothing is accepted while free space is low, rather than accepted and lost.

Low begins at one mark and ends at a higher one: without the distance, a disk that fills up would take and
refuse in turn.
"""

import threading
import time
from collections.abc import Callable

import structlog

from service.config import AcceptSettings
from service.errors import OutOfSpace, StoreUnavailable

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
_RESUME_AT = 1.25
"""Times `accept.min_free_bytes`, where `accept.resume_free_bytes` is empty."""


class SpaceWatermark:
    """Low from less than `low_bytes` on until at least `resume_bytes` are free; looks about once a second.

    What is reserved between two looks is counted, so a burst does not pass unseen. Threads may share one.
    """

    def __init__(
        self,
        free_bytes: Callable[[], int],
        low_bytes: int,
        resume_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free_bytes = free_bytes
        self._low_bytes = low_bytes
        self._resume_bytes = resume_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._left = 0
        self._failure: StoreUnavailable | None = None
        self._is_low = False

    def is_low(self) -> bool:
        """Whether there is too little space for more. A store that does not tell has none."""
        with self._lock:
            self._look()
            return self._is_low

    def reserve(self, size_bytes: int) -> None:
        """Count `size_bytes` as used.

        Raises OutOfSpace while space is low, StoreUnavailable while the store does not tell.
        """
        with self._lock:
            self._look()
            if self._failure is not None:
                raise self._failure
            self._judge(self._left - size_bytes)
            if self._is_low:
                raise OutOfSpace(
                    f"{self._left} bytes are free and {self._low_bytes} must stay free "
                    "(accept.min_free_bytes): free space on the disk of data folder and journal; instances "
                    f"are taken again from {self._resume_bytes} on (accept.resume_free_bytes)"
                )
            self._left -= size_bytes

    def _look(self) -> None:
        if self._clock() - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = self._clock()
        try:
            self._left, self._failure = self._free_bytes(), None
        except StoreUnavailable as failure:
            self._left, self._failure = 0, failure
        self._judge(self._left)

    def _judge(self, free_bytes: int) -> None:
        is_low = free_bytes < (self._resume_bytes if self._is_low else self._low_bytes)
        if self._failure is not None:
            is_low = True
        if is_low and not self._is_low:
            log.error(
                "space is low: nothing is accepted",
                free_bytes=self._left,
                reason=str(self._failure or ""),
                resume_free_bytes=self._resume_bytes,
            )
        elif self._is_low and not is_low:
            log.info("space is free again", free_bytes=self._left)
        self._is_low = is_low


def space_watermark(settings: AcceptSettings, free_bytes: Callable[[], int]) -> SpaceWatermark:
    """The watermark that is configured."""
    resume_bytes = settings.resume_free_bytes
    if resume_bytes is None:
        resume_bytes = int(settings.min_free_bytes * _RESUME_AT)
    return SpaceWatermark(free_bytes, settings.min_free_bytes, resume_bytes)
