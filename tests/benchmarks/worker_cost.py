"""What bounds a worker: the processor time that it takes beside its engine, or waiting."""

import os
import statistics
import time
from collections.abc import Callable

from tests.benchmarks.harness.results import Result
from tests.benchmarks.harness.rounds import Rounds, Timed

BARE, WORKER = "engine alone", "worker"


class Spent:
    """Processor seconds of this process in each round, by side; the warm-up comes first."""

    def __init__(self, clock_s: Callable[[], float] = time.process_time) -> None:
        self._clock_s = clock_s
        self._cpu_s: dict[str, list[float]] = {BARE: [], WORKER: []}

    def by(self, side: str, run: Callable[[], Timed]) -> Timed:
        """Run one round of `side`."""
        before_s = self._clock_s()
        answer = run()
        self._cpu_s[side].append(self._clock_s() - before_s)
        return answer

    def median_s(self, side: str) -> float:
        """Of one round, without the warm-up."""
        return statistics.median(self._cpu_s[side][1:])


def bounds(what: str, spent: Spent, measured: Rounds, images: int) -> list[Result]:
    """Whether the processors were the bound, and which ratio they allow. `images`: of one round."""
    cores = os.cpu_count() or 1
    results = []
    for side in (BARE, WORKER):
        cpu_s, how = spent.median_s(side), f"of this process, {cores} cores, median of the rounds"
        in_use = cpu_s / measured.median_s(side) / cores
        results += [
            Result(f"{what}: {side}: processor time", cpu_s / images * 1e3, "ms/image", how),
            Result(f"{what}: {side}: processors in use", in_use, "of 1", how),
        ]
    allowed = spent.median_s(BARE) / spent.median_s(WORKER)
    how = "processor time of the engine alone over that of the worker: the ratio if both kept all cores busy"
    return [*results, Result(f"{what}: ratio that processor time allows", allowed, "x", how)]
