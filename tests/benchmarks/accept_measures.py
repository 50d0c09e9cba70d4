"""From times to results: rates, ratios between receivers, and the targets they have."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.accept_cases import Case
from tests.benchmarks.harness.results import Result
from tests.benchmarks.harness.rounds import Ratio, Rounds
from tests.benchmarks.receivers.port import ORTHANC, PREREAD, PYNETDICOM, STORESCP, STORESCP_BITS, UNSYNCED

SMALL_TARGET = 1.5
"""Times as long as storescp, for an association with one small object."""
MEMORY_TARGET_MIB = 32


@dataclass(frozen=True, slots=True)
class Comparison:
    """One receiver's rate over another's. Targets and floors by case; a case without has none."""

    receiver: str
    peer: str
    targets: Mapping[str, float]
    floors: Mapping[str, float]


def _everywhere(target: float) -> dict[str, float]:
    return dict.fromkeys(("ct1", "us1", "mf1", "ct4", "us4", "mf4"), target)


COMPARISONS = (
    Comparison(PREREAD, STORESCP, _everywhere(1.0), {"ct1": 0.7, "us1": 0.8, "mf1": 1.0, "ct4": 0.8}),
    Comparison(PREREAD, ORTHANC, _everywhere(2.0), {}),
    Comparison(PREREAD, PYNETDICOM, _everywhere(2.5), {}),
    Comparison(UNSYNCED, STORESCP, {"ct1": 1.5, "us1": 2.0, "mf1": 2.0, "ct4": 1.0}, {}),
    Comparison(PREREAD, STORESCP_BITS, {}, {}),
    Comparison(UNSYNCED, STORESCP_BITS, {}, {}),
    Comparison(PREREAD, UNSYNCED, {}, {}),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """Times of one case: until the last acknowledgement, and until everything was stored."""

    case: Case
    size_bytes: int
    acknowledged: Rounds
    settled: Rounds

    def results(self) -> list[Result]:
        """All that there is to say about this case."""
        if self.case.one_by_one:
            return [*self._association_times(), *self._time_ratios()]
        return [*self._rates(), *self._rate_ratios(), *self._settling()]

    def _rates(self) -> Iterator[Result]:
        for name, seconds in self.acknowledged.seconds.items():
            median_s = statistics.median(seconds)
            how = (
                f"{self.case.content}, {self.case.count / median_s:.0f}/s, "
                f"{_spread(seconds)}; from the start of storescu to its end"
            )
            yield Result(f"{self.case.title}: {name}", self.size_bytes / 1e6 / median_s, "MB/s", how)

    def _rate_ratios(self) -> Iterator[Result]:
        for comparison in self._possible():
            ratio = self.acknowledged.ratio(comparison.peer, to=comparison.receiver)
            measure = f"{self.case.title}: {comparison.receiver} over {comparison.peer}"
            how = f"rates, {_of_rounds(ratio, self.acknowledged)}"
            target, floor = (table.get(self.case.name) for table in (comparison.targets, comparison.floors))
            if target is None:
                yield Result(measure, ratio.median, "x", how)
            else:
                yield Result.at_least(measure, ratio.median, "x", how, target)
            if floor is not None and floor != target:
                yield Result.at_least(f"{measure}, floor", ratio.median, "x", how, floor)

    def _settling(self) -> Iterator[Result]:
        """What Preread puts off past the acknowledgement would otherwise not be seen."""
        if PREREAD not in self.settled.seconds:
            return
        settled_s, acknowledged_s = self.settled.seconds[PREREAD], self.acknowledged.seconds[PREREAD]
        later_s = [late - early for late, early in zip(settled_s, acknowledged_s, strict=True)]
        measure = f"{self.case.title}: {PREREAD}, from the last acknowledgement until settled"
        how = f"settled is: all in ledger and instance store; {_spread(later_s)}"
        yield Result(measure, statistics.median(later_s) * 1000, "ms", how)
        if STORESCP in self.acknowledged.seconds:
            both = Rounds({PREREAD: settled_s, STORESCP: self.acknowledged.seconds[STORESCP]})
            ratio = both.ratio(STORESCP, to=PREREAD)
            how = f"rates, {PREREAD}'s until settled, {_of_rounds(ratio, both)}"
            yield Result(f"{self.case.title}: {PREREAD}, settled, over {STORESCP}", ratio.median, "x", how)

    def _association_times(self) -> Iterator[Result]:
        for name, seconds in self.acknowledged.seconds.items():
            how = (
                f"start of storescu, association, one object, release; {self.case.count} in each round, "
                f"their median, {_spread(seconds)}"
            )
            yield Result(f"{self.case.title}: {name}", statistics.median(seconds) * 1000, "ms", how)

    def _time_ratios(self) -> Iterator[Result]:
        for comparison in self._possible():
            if comparison.receiver != PREREAD or comparison.peer == UNSYNCED:
                continue
            ratio = self.acknowledged.ratio(PREREAD, to=comparison.peer)
            measure = f"{self.case.title}: time of {PREREAD} over {comparison.peer}"
            how = f"times, {_of_rounds(ratio, self.acknowledged)}"
            if comparison.peer == STORESCP:
                yield Result.at_most(measure, ratio.median, "x", how, SMALL_TARGET)
            else:
                yield Result(measure, ratio.median, "x", how)

    def _possible(self) -> list[Comparison]:
        there = self.acknowledged.seconds
        return [one for one in COMPARISONS if one.receiver in there and one.peer in there]


def memory_results(case: Case, extra_mib: Mapping[str, float]) -> list[Result]:
    """`extra_mib` by receiver. The peak over all rounds, so that the first object's growth is in it."""
    how = (
        f"peak of resident memory (VmHWM) while receiving {case.content}, all rounds, less what was resident "
        "before the first one"
    )
    return [
        Result.at_most(measure, extra, "MiB", how, MEMORY_TARGET_MIB)
        if name == PREREAD
        else Result(measure, extra, "MiB", how)
        for name, extra in extra_mib.items()
        for measure in [f"{case.title}: {name}, extra memory"]
    ]


def _of_rounds(ratio: Ratio, rounds: Rounds) -> str:
    count = len(next(iter(rounds.seconds.values())))
    return f"median of the paired ratios of {count} rounds {ratio}"


def _spread(seconds: Sequence[float]) -> str:
    median_s = statistics.median(seconds)
    return f"median of {len(seconds)} rounds {median_s:.3f} s ({min(seconds):.3f} to {max(seconds):.3f})"
