"""Nobody may ask so often that others get no answer."""

import threading
import time
from collections import OrderedDict

from service.errors import TooManyRequests

_WINDOW_S = 60.0
_MOST_REMEMBERED = 10_000


class RateLimit:
    """Counts the requests of each person, token or address, in minutes, for this process."""

    def __init__(self, requests_per_min: int) -> None:
        self._most = requests_per_min
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, who: str) -> None:
        """One more. Raises TooManyRequests."""
        now = time.monotonic()
        with self._lock:
            began, count = self._counts.pop(who, (now, 0))
            if now - began >= _WINDOW_S:
                began, count = now, 0
            self._counts[who] = began, count + 1
            if len(self._counts) > _MOST_REMEMBERED:
                self._counts.popitem(last=False)
        if count >= self._most:
            raise TooManyRequests(
                f"more than {self._most} requests in a minute; wait a minute (worklist.requests_per_min)"
            )
