"""Figures of a service that nobody measured, with all the names of those that are."""

from collections.abc import Iterator

from tests.benchmarks.harness.results import Result
from tests.capacity.measure.machine import MACHINE, OTHERS
from tests.capacity.measure.spent import PARTS, SIMULATOR

LOADS = (0.3, 0.6)
STUDIES = 60
IMAGES = 6.0
RATE = 3600.0
"""Studies per hour of the worker: a second each."""


def figures(set_up: str = "servers") -> list[Result]:
    """A worker of a second a study, everything else next to nothing."""
    return [Result(name, value, "", "made up") for name, value in _named(set_up)]


def _named(set_up: str) -> Iterator[tuple[str, float | None]]:
    yield from ((f"{MACHINE}: cores", 2), (f"{MACHINE}: memory", 8), (f"{MACHINE}: date", None))
    yield f"{set_up}: {OTHERS}", 0.25
    burst = f"{set_up}: burst"
    yield f"{burst}: studies per hour, worker on one core", RATE
    yield f"{burst}: studies per hour, delivered", RATE
    yield f"{burst}: images of a study", IMAGES
    for part in (*PARTS, SIMULATOR):
        yield f"{burst}: processor time of {part}", 0.06
        yield f"{burst}: studies per hour and core: {part}", 60_000
    for name in ("engine", "read and prepare", "images scored"):
        yield f"{burst}: {name}", 0.1
    for name in ("received", "in the store", "of results", "in the ledger"):
        yield f"{burst}: bytes {name}", 1e6
    for share in LOADS:
        yield from _load(f"{set_up}: load {share:.2f}", share)
    yield f"{set_up}: mammograms: processor time of accept", 0.1


def _load(name: str, share: float) -> Iterator[tuple[str, float]]:
    yield from ((f"{name}: offered", share * RATE), (f"{name}: studies", STUDIES))
    for what in ("p50", "p95", "p99", "max"):
        yield f"{name}: last image to delivered: {what}", 3.0
        yield f"{name}: C-STORE answer: {what}", 0.002
    steps = {"assembled": 1.1, "queued": 0.1, "inferred": 1.2, "reported": 0.2, "delivered": 0.3}
    for step, seconds in steps.items():
        yield f"{name}: step {step}: p50", seconds
