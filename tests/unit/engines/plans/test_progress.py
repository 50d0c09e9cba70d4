import pytest

from engines.plans.progress import Phases


@pytest.fixture
def heard() -> list[tuple[str, float]]:
    return []


@pytest.fixture
def phases(heard: list[tuple[str, float]]) -> Phases:
    return Phases(lambda name, share: heard.append((name, share)))


def test_steps_of_a_phase_are_shares_of_it(phases: Phases, heard: list[tuple[str, float]]) -> None:
    phases.start("build", None, 2)
    phases.step("build", 0)
    phases.step("build", 1)
    assert heard == [("build", 0), ("build", 0.5), ("build", 1)]


def test_a_phase_inside_a_step_is_a_share_of_that_step(
    phases: Phases, heard: list[tuple[str, float]]
) -> None:
    phases.start("build", None, 2)
    phases.start("time kernels", "build", 4)
    phases.step("time kernels", 0)
    assert heard[-1] == ("time kernels", 0.125)


def test_the_share_never_falls(phases: Phases, heard: list[tuple[str, float]]) -> None:
    phases.start("parse", None, 1)
    phases.step("parse", 0)
    phases.finish("parse")
    phases.start("build", None, 10)
    assert heard[-1] == ("build", 1)


def test_a_phase_may_come_again_and_a_stray_step_is_left_out(
    phases: Phases, heard: list[tuple[str, float]]
) -> None:
    for _ in range(2):
        phases.start("reformat", None, 1)
        phases.finish("reformat")
    phases.step("reformat", 0)
    assert heard == [("reformat", 0), ("reformat", 0)]
