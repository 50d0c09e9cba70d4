"""Counts what senders are answered, on the path of every C-STORE.

A counter of the library takes a lock each time, which costs more than everything else here. So each sender
counts alone, in plain numbers that only its own thread changes, and a scrape adds them up.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from service.telemetry.metrics.definition import QUICK_S, REGISTRY
from service.telemetry.metrics.receiving import ANSWER_SECONDS, INSTANCES, RECEIVED_BYTES
from service.telemetry.metrics.scanners import SCANNERS

SUCCESS = "success"


class Answers:
    """What one sender is answered. One thread counts; call `ended` when it is over."""

    __slots__ = ("buckets", "refusals", "scanner", "seconds", "size_bytes")

    def __init__(self, calling_ae_title: str) -> None:
        self.scanner = SCANNERS.label(calling_ae_title)
        self.size_bytes = 0
        self.seconds = 0.0
        self.buckets = [0] * (len(QUICK_S) + 1)
        self.refusals: Counter[str] = Counter()
        _TALLY.begin(self)

    def kept(self, size_bytes: int, seconds: float) -> None:
        """An instance is durable, `seconds` after its last byte."""
        self.size_bytes += size_bytes
        self.seconds += seconds
        self.buckets[bisect_left(QUICK_S, seconds)] += 1

    def refused(self, status: str) -> None:
        """An instance was answered with another status, which has this name."""
        self.refusals[status.lower()] += 1

    def ended(self) -> None:
        """No more comes of this sender."""
        _TALLY.end(self)


class _Tally(Collector):
    """All senders: those that have ended in sums, the others as they are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[Answers] = set()
        self._instances: Counter[tuple[str, str]] = Counter()
        self._bytes: Counter[str] = Counter()
        self._buckets = [0] * (len(QUICK_S) + 1)
        self._seconds = 0.0

    def begin(self, answers: Answers) -> None:
        with self._lock:
            self._open.add(answers)

    def end(self, answers: Answers) -> None:
        with self._lock:
            if answers in self._open:
                self._open.remove(answers)
                self._add(answers)

    def describe(self) -> list[Metric]:
        """Nothing: the registry need not read to register."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The three metrics."""
        total = self._total()
        instances = CounterMetricFamily(INSTANCES.name, INSTANCES.meaning, labels=tuple(INSTANCES.labels))
        for labels, count in total._instances.items():
            instances.add_metric(labels, count)
        sizes = CounterMetricFamily(
            RECEIVED_BYTES.name, RECEIVED_BYTES.meaning, labels=tuple(RECEIVED_BYTES.labels)
        )
        for scanner, size_bytes in total._bytes.items():
            sizes.add_metric((scanner,), size_bytes)
        seconds = HistogramMetricFamily(ANSWER_SECONDS.name, ANSWER_SECONDS.meaning)
        bounds = [*map(str, QUICK_S), "+Inf"]
        seconds.add_metric(
            (), list(zip(bounds, accumulate(total._buckets), strict=True)), sum_value=total._seconds
        )
        yield from (instances, sizes, seconds)

    def _total(self) -> "_Tally":
        total = _Tally()
        for scanner in SCANNERS.labels:
            total._instances[scanner, SUCCESS] = total._bytes[scanner] = 0
        with self._lock:
            total._instances.update(self._instances)
            total._bytes.update(self._bytes)
            total._buckets, total._seconds = list(self._buckets), self._seconds
            for answers in self._open:
                total._add(answers)
        return total

    def _add(self, answers: Answers) -> None:
        buckets = list(answers.buckets)
        self._instances[answers.scanner, SUCCESS] += sum(buckets)
        for status, count in answers.refusals.copy().items():
            self._instances[answers.scanner, status] += count
        self._bytes[answers.scanner] += answers.size_bytes
        self._seconds += answers.seconds
        self._buckets = [one + other for one, other in zip(self._buckets, buckets, strict=True)]


_TALLY = _Tally()
REGISTRY.register(_TALLY)
