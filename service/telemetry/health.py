"""Whether this process lives, and whether it can do its work: what an orchestrator's probes ask.

It lives while every loop turns. It is ready once its role has begun, until it is told to stop, while what it
needs answers.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from service.errors import PrereadError

Check = Callable[[], object]
"""Returns where all is well; raises PrereadError, or gives False, where not."""
CHECK_EVERY_S = 2.0
"""So long an answer is told again: probes are no load."""


@dataclass(slots=True)
class _Loop:
    name: str
    pause_s: float
    turned_at: float


class Loops:
    """The loops of one process. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_id: dict[int, _Loop] = {}
        self._lock = threading.Lock()

    @contextmanager
    def running(self, name: str, pause_s: float = 0.0) -> Iterator[Callable[[], None]]:
        """A loop that pauses for `pause_s` between turns; it calls what it gets at each turn."""
        loop = _Loop(name, pause_s, self._clock())

        def turn() -> None:
            loop.turned_at = self._clock()

        with self._lock:
            self._by_id[id(loop)] = loop
        try:
            yield turn
        finally:
            with self._lock:
                del self._by_id[id(loop)]

    def stuck(self, after_s: float) -> list[str]:
        """The loops that have not turned for `after_s` seconds beyond their pause."""
        now = self._clock()
        with self._lock:
            loops = list(self._by_id.values())
        return sorted({loop.name for loop in loops if now - loop.turned_at > loop.pause_s + after_s})


LOOPS = Loops()
"""Of this process."""


class Readiness:
    """Asks `checks`, by name, at most every CHECK_EVERY_S; one probe at a time asks, the others wait."""

    def __init__(self, checks: Mapping[str, Check], clock: Callable[[], float] = time.monotonic) -> None:
        self._checks = checks
        self._clock = clock
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._failing: list[str] = []

    def failing(self) -> list[str]:
        """The names of the checks that fail now."""
        with self._lock:
            if self._clock() - self._asked_at >= CHECK_EVERY_S:
                self._failing = [name for name, check in self._checks.items() if not _passes(check)]
                self._asked_at = self._clock()
            return self._failing


def _passes(check: Check) -> bool:
    try:
        return check() is not False
    except PrereadError:
        return False


class Begun:
    """Whether the role of this process has begun its work."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def tell(self) -> None:
        """It has."""
        self._event.set()

    def forget(self) -> None:
        """It has ended."""
        self._event.clear()

    def __bool__(self) -> bool:
        return self._event.is_set()


BEGUN = Begun()
"""Of this process."""
