"""The little statistics that the page needs."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

BINS = 20
_LEAST = 30
"""Scores on either side, under which no comparison says anything."""
_CRITICAL = 1.63
"""Times sqrt((n + m) / nm): the two-sample Kolmogorov-Smirnov statistic at a level of 1 % (Smirnov 1948)."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """In seconds."""

    median: float
    p95: float
    longest: float
    count: int


@dataclass(frozen=True, slots=True)
class Shift:
    """How far two samples differ: the largest distance between their distributions, 0 to 1, and the distance
    that chance exceeds once in a hundred times. `is_known` is False where there are too few.
    """

    distance: float
    limit: float
    is_known: bool

    @property
    def is_large(self) -> bool:
        """Whether chance is a poor explanation."""
        return self.is_known and self.distance > self.limit


def percentiles(seconds: Sequence[float]) -> Percentiles | None:
    """None of nothing."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return Percentiles(_at(ordered, 0.5), _at(ordered, 0.95), ordered[-1], len(ordered))


def histogram(probabilities: Sequence[float]) -> tuple[int, ...]:
    """How many are in each of BINS equal parts of 0 to 1."""
    counts = [0] * BINS
    for one in probabilities:
        counts[min(BINS - 1, max(0, int(one * BINS)))] += 1
    return tuple(counts)


def shift(now: Sequence[float], before: Sequence[float]) -> Shift:
    """The two-sample Kolmogorov-Smirnov statistic."""
    n, m = len(now), len(before)
    if min(n, m) < _LEAST:
        return Shift(0.0, 1.0, is_known=False)
    a, b = sorted(now), sorted(before)
    distance = max(abs(bisect_right(a, x) / n - bisect_right(b, x) / m) for x in (*a, *b))
    return Shift(distance, _CRITICAL * math.sqrt((n + m) / (n * m)), is_known=True)


def _at(ordered: Sequence[float], share: float) -> float:
    """The nearest rank."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
