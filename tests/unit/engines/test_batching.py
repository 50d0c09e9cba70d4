import threading

import numpy as np
import pytest

from engines.batching import Batcher, BatchPolicy, Outputs
from engines.errors import EngineClosed, GpuError, InputError
from engines.pair import Tensors

NEVER_S = 3600.0


class Network:
    """Doubles images; records its batches, and waits for `go` where it is told to."""

    def __init__(self, blocked: bool = False) -> None:
        self.batches: list[list[float]] = []
        self.started = threading.Event()
        self.go = threading.Event()
        if not blocked:
            self.go.set()

    def __call__(self, batch: Tensors) -> Outputs:
        images = batch["images"]
        self.batches.append([float(image) for image in images])
        self.started.set()
        self.go.wait()
        if -1.0 in images:
            raise InputError("a bad image")
        if -2.0 in images:
            raise GpuError("the GPU is lost")
        if -3.0 in images:
            raise KeyError("a bug")
        return {"twice": images * 2}


def image(value: float) -> Tensors:
    return {"images": np.array(value, np.float32)}


def answers(batcher: Batcher, *values: float) -> list[float | str]:
    found: list[float | str] = []
    for future in [batcher.submit(image(value)) for value in values]:
        error = future.exception()
        found.append(str(error.args[0]) if error else float(future.result()["twice"]))
    return found


def test_each_image_gets_its_own_answer() -> None:
    batcher = Batcher([Network()], BatchPolicy(largest=4, deadline_s=0))

    assert answers(batcher, *range(10)) == [2.0 * value for value in range(10)]
    batcher.close()


def test_a_full_batch_runs_before_its_deadline() -> None:
    network = Network()
    batcher = Batcher([network], BatchPolicy(largest=3, deadline_s=NEVER_S))

    assert answers(batcher, 1, 2, 3) == [2, 4, 6]
    assert network.batches == [[1, 2, 3]]
    batcher.close()


def test_a_batch_that_is_not_full_runs_at_its_deadline() -> None:
    network = Network()
    batcher = Batcher([network], BatchPolicy(largest=100, deadline_s=0.05))

    assert answers(batcher, 1, 2) == [2, 4]
    assert network.batches == [[1, 2]]
    batcher.close()


def test_an_urgent_image_runs_at_once_and_alone() -> None:
    network = Network()
    batcher = Batcher([network], BatchPolicy(largest=8, deadline_s=NEVER_S))
    routine = batcher.submit(image(1))

    urgent = batcher.submit(image(2), urgent=True)

    assert float(urgent.result()["twice"]) == 4
    batcher.close()
    assert float(routine.result()["twice"]) == 2
    assert network.batches == [[2], [1]]


def test_urgent_images_overtake_a_queue_of_routine_ones() -> None:
    network = Network(blocked=True)
    batcher = Batcher([network], BatchPolicy(largest=2, deadline_s=0))
    futures = [batcher.submit(image(0))]
    network.started.wait()
    futures += [batcher.submit(image(value)) for value in (1, 2, 3)]
    futures += [batcher.submit(image(9), urgent=True)]

    network.go.set()
    for future in futures:
        future.result()

    assert network.batches == [[0], [9], [1, 2], [3]]
    batcher.close()


@pytest.mark.parametrize("bad", [0, 3, 6])
def test_a_bad_image_fails_alone(bad: int) -> None:
    values = [float(value) for value in range(7)]
    values[bad] = -1.0
    batcher = Batcher([Network()], BatchPolicy(largest=7, deadline_s=NEVER_S))

    found = answers(batcher, *values)

    assert found == ["a bad image" if value == -1.0 else 2 * value for value in values]
    batcher.close()


def test_a_lost_gpu_fails_the_batch_without_being_asked_again() -> None:
    network = Network()
    batcher = Batcher([network], BatchPolicy(largest=4, deadline_s=NEVER_S))

    assert answers(batcher, 1, -2, 3, 4) == ["the GPU is lost"] * 4
    assert len(network.batches) == 1
    batcher.close()


def test_a_bug_reaches_those_who_wait_and_the_next_batch_runs() -> None:
    batcher = Batcher([Network()], BatchPolicy(largest=1, deadline_s=0))

    assert answers(batcher, -3, 5) == ["a bug", 10]
    batcher.close()


def test_two_engines_work_at_the_same_time() -> None:
    one, two = Network(blocked=True), Network(blocked=True)
    batcher = Batcher([one, two], BatchPolicy(largest=1, deadline_s=0))
    futures = [batcher.submit(image(value)) for value in (1, 2)]

    one.started.wait()
    two.started.wait()
    one.go.set()
    two.go.set()

    assert [float(future.result()["twice"]) for future in futures] == [2, 4]
    batcher.close()


def test_closing_answers_what_was_submitted_and_refuses_more() -> None:
    batcher = Batcher([Network()], BatchPolicy(largest=8, deadline_s=NEVER_S))
    future = batcher.submit(image(4))

    batcher.close()

    assert float(future.result()["twice"]) == 8
    with pytest.raises(EngineClosed):
        batcher.submit(image(1))


@pytest.mark.parametrize("wrong", [{"largest": 0}, {"deadline_s": -1.0}])
def test_a_policy_that_cannot_be_met_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="1 image or more"):
        BatchPolicy(**wrong)  # type: ignore[arg-type]
