"""All receivers, one case after the other, in turns."""

from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.accept_cases import Case, cases
from tests.benchmarks.accept_measures import Measured, memory_results
from tests.benchmarks.accept_memory import PeakMemory
from tests.benchmarks.accept_objects import Kind, Objects
from tests.benchmarks.accept_trial import Trial
from tests.benchmarks.harness.machine import IDLE_SHARE, OthersLoad, Say, wait_until_idle
from tests.benchmarks.harness.results import Result, with_note
from tests.benchmarks.harness.rounds import Rounds, interleaved
from tests.benchmarks.receivers.available import program
from tests.benchmarks.receivers.port import STORESCP, STORESCP_BITS, Receiver

BUSY = "machine was busy"
MEMORY_CASE = "mf1"
FORKING = {STORESCP, STORESCP_BITS}
"""A child of theirs is gone with its association, and its peak with it."""


class Bench:
    """The running receivers, and what is sent to them."""

    def __init__(
        self, folder: Path, receivers: Sequence[Receiver], rounds: int, quick: bool, say: Say
    ) -> None:
        self._folder, self._receivers, self._rounds = folder, receivers, rounds
        self._quick, self._say = quick, say
        self._storescu = program("storescu", "dcmtk")
        self.others_load = 0.0
        """What other processes took of the processors during the case in which they took most, 0 to 1."""
        self._drawn: dict[tuple[Kind, int], Objects] = {}

    def warm_up(self) -> None:
        """One small association with each: what is loaded late is loaded now. Raises RuntimeError."""
        small = cases(quick=True)[-1]
        for receiver in self._receivers:
            Trial(self._storescu, receiver, small, self._objects(small))()

    def measure(self, case: Case) -> list[Result]:
        """All receivers on one case. Raises RuntimeError when one refuses or loses an instance."""
        objects = self._objects(case)
        was_idle = self._quick or wait_until_idle(self._say)
        self._say(f"{case.title}: {case.content}")
        load = OthersLoad()
        peaks = {one.name: PeakMemory(one.pid) for one in self._receivers if one.name not in FORKING}
        measured = self._rounds_of(case, objects)
        results = measured.results()
        if case.name == MEMORY_CASE:
            results += memory_results(case, {name: peak.extra_mib() for name, peak in peaks.items()})
        others = load.share()
        self.others_load = max(self.others_load, others)
        if not was_idle or others >= IDLE_SHARE:
            results = with_note(results, BUSY)
        return results

    def _rounds_of(self, case: Case, objects: Objects) -> Measured:
        trials = {one.name: Trial(self._storescu, one, case, objects) for one in self._receivers}
        acknowledged = interleaved(trials, self._rounds)
        # Without the warm-up, as in the acknowledged ones.
        settled = Rounds({name: trial.settled_s[1:] for name, trial in trials.items()})
        return Measured(case, objects.size_bytes, acknowledged, settled)

    def _objects(self, case: Case) -> Objects:
        key = case.kind, case.count
        if key not in self._drawn:
            folder = self._folder / f"{case.kind.name}-{case.kind.frames}-{case.count}"
            self._drawn[key] = Objects.draw(case.kind, case.count, folder)
        return self._drawn[key]
