"""Sides measured in turns, so that whatever the machine does meanwhile happens to all of them."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Side = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Timed:
    """What a side returns that knows better than the caller which part of it counts."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """Median of the ratios of single rounds, with the smallest and the largest."""

    median: float
    smallest: float
    largest: float

    def __str__(self) -> str:
        """As in `1.61 (1.55 to 1.70)`."""
        return f"{self.median:.2f} ({self.smallest:.2f} to {self.largest:.2f})"


@dataclass(frozen=True, slots=True)
class Rounds:
    """Seconds of each side in each round, by its name; all have as many rounds."""

    seconds: Mapping[str, Sequence[float]]

    def median_s(self, side: str) -> float:
        """Median over the rounds."""
        return statistics.median(self.seconds[side])

    def ratio(self, side: str, to: str) -> Ratio:
        """How many times as long `side` takes as `to`, both in the same round."""
        ratios = [one / other for one, other in zip(self.seconds[side], self.seconds[to], strict=True)]
        return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def interleaved(
    sides: Mapping[str, Side], rounds: int, clock_s: Callable[[], float] = time.perf_counter
) -> Rounds:
    """Run every side once to warm up, then once per round, each second round in reverse order.

    What counts is the time of the call, or what the side returns as `Timed`.
    """
    for side in sides.values():
        side()
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in sides if number % 2 == 0 else reversed(list(sides)):
            start = clock_s()
            answer = sides[name]()
            took_s = clock_s() - start
            seconds[name].append(answer.seconds if isinstance(answer, Timed) else took_s)
    return Rounds(seconds)
