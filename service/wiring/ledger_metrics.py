"""The ledger's figures as metrics, read at a scrape, and told again for some seconds."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime

from service.errors import LedgerUnavailable
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions.figures import Figures, Keys, Waiting, figures
from service.telemetry.metrics import in_ledger as metric
from service.telemetry.metrics.definition import Definition
from service.telemetry.metrics.scanners import OTHER
from service.telemetry.metrics.scraped import Value

CHECKS = ("space", "journal", "broker", "overdue", OTHER)


class LedgerMetrics:
    """Reads figures at most every `every_s` seconds; threads may share one.

    `ae_titles` and `destinations` are those of the configuration, and the only ones that are told apart.
    """

    def __init__(
        self,
        ledger: Ledger,
        ae_titles: Collection[str],
        destinations: Collection[str],
        every_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._ae_titles = ae_titles
        self._destinations = destinations
        self._every_s = every_s
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._values: list[Value] = []

    def values(self) -> list[Value]:
        """What is told of the ledger; while it is away, only that it is."""
        with self._lock:
            if self._clock() - self._read_at >= self._every_s:
                self._values = self._read()
                self._read_at = self._clock()
            return self._values

    def _read(self) -> list[Value]:
        try:
            self._ledger.upgrade()  # receiving begins before the tables are there
            with self._ledger.read() as tx:
                found = figures(tx, self._ae_titles, self._destinations)
        except LedgerUnavailable:
            return [(metric.LEDGER_UP, (), 0.0)]
        return [(metric.LEDGER_UP, (), 1.0), *_values(found, datetime.now(UTC))]


def _values(found: Figures, now: datetime) -> Iterator[Value]:
    for state, count in found.studies.items():
        yield metric.STUDIES, (state.value,), count
    for state, since in found.oldest.items():
        yield metric.OLDEST_STUDY, (state.value,), _age_s(since, now)
    yield from _queue(metric.ANALYSES, metric.OLDEST_ANALYSIS, found.analyses, now)
    yield from _queue(metric.OUTBOX, metric.OLDEST_MESSAGE, found.messages, now)
    yield from _queue(metric.DELIVERIES, metric.OLDEST_DELIVERY, found.deliveries, now)
    for work, dead in found.dead.items():
        yield metric.DEAD_LETTERS, work, dead.count
    for check in CHECKS:
        yield metric.NOTICES, (check,), _noticed(found.notices, check)
    for title, at in found.last_received.items():
        yield metric.LAST_RECEIVED, (title or OTHER,), at.timestamp()


def _queue(
    depth: Definition, oldest: Definition, waiting: Mapping[Keys, Waiting], now: datetime
) -> Iterator[Value]:
    for keys, one in waiting.items():
        yield depth, keys, one.count
        if one.since is not None:
            yield oldest, keys, _age_s(one.since, now)


def _noticed(notices: Mapping[str, int], check: str) -> int:
    if check != OTHER:
        return notices.get(check, 0)
    return sum(count for name, count in notices.items() if name not in CHECKS)


def _age_s(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())
