import os

import pytest

from tests.benchmarks.harness.rounds import Rounds, Timed
from tests.benchmarks.worker_cost import BARE, WORKER, Spent, bounds


def spent(bare_s: list[float], worker_s: list[float]) -> Spent:
    """A process that takes these processor seconds, round by round."""
    now_s = 0.0

    def run(seconds: float) -> Timed:
        nonlocal now_s
        now_s += seconds
        return Timed(seconds)

    spent = Spent(lambda: now_s)
    for one_s, other_s in zip(bare_s, worker_s, strict=True):
        spent.by(BARE, lambda one_s=one_s: run(one_s))  # type: ignore[misc]
        spent.by(WORKER, lambda other_s=other_s: run(other_s))  # type: ignore[misc]
    return spent


def test_the_bound_is_the_engines_share_of_the_workers_processor_time() -> None:
    measured = Rounds({BARE: [2.0], WORKER: [5.0]})

    results = {one.measure: one for one in bounds("w", spent([9, 3], [99, 4]), measured, images=100)}

    assert results["w: ratio that processor time allows"].value == pytest.approx(0.75)
    assert results["w: engine alone: processor time"].value == pytest.approx(30)
    assert results["w: worker: processors in use"].value == pytest.approx(0.8 / (os.cpu_count() or 1))


def test_the_warm_up_is_left_out() -> None:
    assert spent([9, 3, 5, 4], [0, 0, 0, 0]).median_s(BARE) == 4
