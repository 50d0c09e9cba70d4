"""Whether what was measured over a run stayed flat: its first fifth beside its last."""

import statistics
from collections.abc import Sequence

from tests.benchmarks.harness.results import Result
from tests.faults.soak.sample import Sample

FIFTH = 5
MIB = 1024**2
GROWTH = 1.15
"""Memory, database per study and latency may end at most so many times as high as they began."""
HANDLES = 8
"""So many more handles are idle connections and no leak: a leak of one for each study would be thousands."""


def fifths(values: Sequence[float]) -> tuple[float, float]:
    """Medians of the first and of the last fifth. Raises ValueError for less than five values."""
    if len(values) < FIFTH:
        raise ValueError(f"{len(values)} values have no fifths: let it run longer")
    count = len(values) // FIFTH
    return statistics.median(values[:count]), statistics.median(values[-count:])


def judged(samples: Sequence[Sample], latencies_s: Sequence[float], how: str) -> list[Result]:
    """Everything against its target, roles by name."""
    results: list[Result] = []
    for role in samples[0].memory_bytes:
        memory = [one.memory_bytes[role] / MIB for one in samples]
        results.append(_times(f"memory of {role}", memory, "MiB", how))
    for role in samples[0].handles:
        first, last = fifths([one.handles[role] for one in samples])
        note = f"{first:.0f} in the first fifth, {last:.0f} in the last; {how}"
        results.append(
            Result.at_most(f"file handles of {role}: more", last - first, "handles", note, HANDLES)
        )
    results.append(_database(samples, how))
    results.append(_times("acknowledged to delivered", latencies_s, "s", how))
    return results


def _times(measure: str, values: Sequence[float], unit: str, how: str) -> Result:
    first, last = fifths(values)
    note = f"{first:.2f} {unit} in the first fifth, {last:.2f} {unit} in the last; {how}"
    return Result.at_most(f"{measure}: last over first", last / first, "times", note, GROWTH)


def _database(samples: Sequence[Sample], how: str) -> Result:
    """What each study adds: the slope over a fifth, since one alone may fit into a page that is there."""
    count = len(samples) // FIFTH
    first, last = _slope(samples[0], samples[count]), _slope(samples[-count - 1], samples[-1])
    note = f"{first:.0f} bytes in the first fifth, {last:.0f} bytes in the last; {how}"
    return Result.at_most("database per study: last over first", last / first, "times", note, GROWTH)


def _slope(begin: Sample, end: Sample) -> float:
    return (end.ledger_bytes - begin.ledger_bytes) / (end.delivered - begin.delivered)
