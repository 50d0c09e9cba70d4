from collections.abc import Callable

import pytest

from tests.benchmarks.harness.rounds import Ratio, Rounds, Timed, interleaved


class Clock:
    """Time passes only while a side runs."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.ran: list[str] = []

    def __call__(self) -> float:
        return self.now_s

    def side(self, name: str, *seconds: float) -> Callable[[], None]:
        """Takes `seconds` in turn, the warm-up first."""
        left = iter(seconds)

        def run() -> None:
            self.ran.append(name)
            self.now_s += next(left)

        return run


def test_every_round_runs_every_side_once_in_alternating_order() -> None:
    clock = Clock()

    interleaved({"a": clock.side("a", *[1] * 3), "b": clock.side("b", *[1] * 3)}, 2, clock)

    assert clock.ran == ["a", "b", "a", "b", "b", "a"]


def test_the_warm_up_does_not_count() -> None:
    clock = Clock()

    measured = interleaved({"a": clock.side("a", 100, 2, 3, 4)}, 3, clock)

    assert measured.seconds == {"a": [2, 3, 4]}
    assert measured.median_s("a") == 3


def test_a_side_that_times_itself_is_believed() -> None:
    clock = Clock()

    measured = interleaved({"a": lambda: Timed(7.0)}, 1, clock)

    assert measured.seconds == {"a": [7.0]}


def test_the_ratio_is_the_median_over_rounds_not_the_ratio_of_medians() -> None:
    measured = Rounds({"slow": [2.0, 12.0, 9.0], "fast": [1.0, 3.0, 3.0]})

    ratio = measured.ratio("slow", "fast")

    assert ratio == Ratio(median=3.0, smallest=2.0, largest=4.0)
    assert str(ratio) == "3.00 (2.00 to 4.00)"


def test_the_ratio_of_a_side_that_was_not_measured_is_an_error() -> None:
    with pytest.raises(KeyError):
        Rounds({"a": [1.0]}).ratio("a", "b")
