"""Which requests for commitment an open association may still report."""

import threading
import time
from collections.abc import Callable

HOLD_S = 30.0
"""Time for the association of the request to bring its report and get the answer."""


class HeldCommitments:
    """Numbers of requests, each until it is released or HOLD_S have passed. Threads may share one."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._until_s: dict[int, float] = {}
        self._lock = threading.Lock()

    def hold(self, commitment_id: int) -> None:
        """Leave a request to its association."""
        with self._lock:
            self._until_s[commitment_id] = self._clock_s() + HOLD_S

    def holds(self, commitment_id: int) -> bool:
        """Whether it is left to its association."""
        with self._lock:
            return self._until_s.get(commitment_id, 0.0) > self._clock_s()

    def release(self, commitment_id: int) -> None:
        """The association has no more to do with it."""
        with self._lock:
            self._until_s.pop(commitment_id, None)
