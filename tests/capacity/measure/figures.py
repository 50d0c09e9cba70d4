"""The figures of a measured service, named so that the model finds them again."""

import statistics
from collections.abc import Iterator

from service.cli.simulate.report import percentiles, result_seconds, step_seconds
from service.study.state import StudyState
from tests.benchmarks.harness.results import Result
from tests.capacity.measure.load import HOUR_S, Played
from tests.capacity.measure.spent import PARTS, SIMULATOR

TOLD = ("p50", "p95", "p99", "max")
_EDGE = 0.1
"""Share of the studies at either end of a burst that does not count: each stage begins and ends alone."""


def throughput(burst: Played, state: StudyState = StudyState.DELIVERED) -> float:
    """Studies per hour that came into a state while others waited for it. Raises RuntimeError."""
    ends = sorted(at for one in burst.seen.values() if (at := one.reached_at(state)) is not None)
    edge = max(1, int(len(ends) * _EDGE))
    middle = ends[edge - 1 : len(ends) - edge + 1]
    if len(middle) < 2 or middle[-1] <= middle[0]:
        raise RuntimeError(f"{len(ends)} results are too few to tell a throughput: send more studies")
    return (len(middle) - 1) / (middle[-1] - middle[0]) * HOUR_S


def of_burst(name: str, burst: Played, how: str) -> Iterator[Result]:
    """What one study costs, and how many of them one core takes at each stage."""
    studies, images = len(burst.studies), burst.images
    analysed = throughput(burst, StudyState.INFERRED)
    yield Result(f"{name}: burst: studies per hour, delivered", throughput(burst), "1/h", how)
    yield Result(f"{name}: burst: studies per hour, worker on one core", analysed, "1/h", how)
    yield Result(f"{name}: burst: images of a study", images / studies, "images", how)
    for part in (*PARTS, SIMULATOR):
        cpu_s = burst.cost.cpu_s[part] / studies
        yield Result(f"{name}: burst: processor time of {part}", cpu_s, "s/study", how)
    for part in PARTS:
        cpu_s = burst.cost.cpu_s[part] / studies
        rate = HOUR_S / cpu_s if cpu_s > 0 else None
        yield Result(f"{name}: burst: studies per hour and core: {part}", rate, "1/h", how)
    counted = burst.cost.counted
    yield Result(f"{name}: burst: engine", counted["engine_s"] / images, "s/image", f"elapsed; {how}")
    yield Result(f"{name}: burst: read and prepare", counted["read_s"] / images, "s/image", f"elapsed; {how}")
    yield Result(f"{name}: burst: images scored", counted["scored"] / images, "of 1", how)
    yield from _bytes(f"{name}: burst", burst, how)


def of_load(name: str, load: Played, how: str) -> Iterator[Result]:
    """Latencies under a steady load. `name` says which."""
    delivered = result_seconds(load.studies, load.seen)
    yield Result(f"{name}: studies", len(load.studies), "studies", how)
    yield Result(f"{name}: delivered", len(delivered), "studies", how)
    yield from _percentiles(f"{name}: last image to delivered", delivered, how)
    yield from _percentiles(f"{name}: C-STORE answer", load.tally.answers_s, how)
    for state, seconds in step_seconds(load.studies, load.seen).items():
        if seconds:
            yield Result(f"{name}: step {state}: p50", statistics.median(seconds), "s", how)


def of_mammograms(name: str, load: Played, how: str) -> Iterator[Result]:
    """What receiving large images costs."""
    images = load.images
    cpu_s = load.cost.cpu_s["accept"] / images
    yield Result(f"{name}: mammograms: processor time of accept", cpu_s, "s/image", how)
    yield Result(f"{name}: mammograms: bytes received", load.tally.sent_bytes / images, "bytes/image", how)
    yield from _percentiles(f"{name}: mammograms: C-STORE answer", load.tally.answers_s, how)


def _bytes(name: str, load: Played, how: str) -> Iterator[Result]:
    studies = len(load.studies)
    found = {
        "received": load.tally.sent_bytes,
        "in the store": load.cost.stored_bytes,
        "of results": load.cost.result_bytes,
        "in the ledger": load.cost.ledger_bytes,
    }
    for what, count in found.items():
        yield Result(f"{name}: bytes {what}", count / studies, "bytes/study", how)


def _percentiles(name: str, seconds: list[float], how: str) -> Iterator[Result]:
    values = percentiles(seconds)
    for told in TOLD:
        if told in values:
            yield Result(f"{name}: {told}", values[told], "s", f"of {len(seconds)}; {how}")
