"""Which frames of a cine keep their heatmaps."""

import numpy as np

from service.infer.hottest import Hottest
from tests.fakes.classifier import FakeScore


def score(probability: float) -> FakeScore:
    return FakeScore(probability, np.zeros((2, 2), np.float32))


def taken(at_most: int, *given: tuple[int | None, float]) -> Hottest[str]:
    hottest = Hottest[str](at_most)
    for place, (number, probability) in enumerate(given):
        hottest.add(number, f"{place}", score(probability))
    return hottest


def test_the_most_suspicious_ones_are_held_and_all_probabilities_known() -> None:
    found = taken(2, (1, 0.2), (2, 0.9), (3, 0.1), (4, 0.5))

    assert [(number, frame) for number, frame, _ in found] == [(2, "1"), (4, "3")]
    assert found.probabilities == {1: 0.2, 2: 0.9, 3: 0.1, 4: 0.5}
    assert found.best()[0] == "1"


def test_of_equals_the_first_counts() -> None:
    found = taken(2, (1, 0.5), (2, 0.5), (3, 0.5))

    assert [number for number, _, _ in found] == [1, 2]
    assert found.best()[0] == "0"


def test_a_frame_that_was_judged_twice_counts_once_with_the_higher_score() -> None:
    found = taken(2, (1, 0.2), (1, 0.6), (1, 0.4), (2, 0.1))

    assert [(number, frame) for number, frame, _ in found] == [(1, "1"), (2, "3")]
    assert found.probabilities == {1: 0.6, 2: 0.1}


def test_an_image_without_frames_is_held_and_has_no_number() -> None:
    found = taken(1, (None, 0.3), (None, 0.7))

    assert (found.best()[0], list(found)) == ("1", [])
    assert not taken(1)
