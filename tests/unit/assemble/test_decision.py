from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.assemble.decision import Decision, Outcome, decide
from service.assemble.facts import StudyFacts
from service.assemble.policy import policies
from service.config import AssembleSettings
from tests.unit.assemble.builders import FOUR_VIEWS, at, facts, instance, policy, step, view

FOUR = [view(name) for name in FOUR_VIEWS]
VIEWS = {"views": {"expected": FOUR_VIEWS}}


def decided(study: StudyFacts, now_s: float, **rule: Any) -> Decision:
    return decide(policy(**rule), study, at(now_s))


def test_without_a_rule_the_quiet_period_alone_decides() -> None:
    (default,) = policies(AssembleSettings())
    before = decide(default, facts(received=2, last_s=10), at(69.9))
    after = decide(default, facts(received=2, last_s=10), at(70))
    assert before == Decision(
        Outcome.WAIT, "receiving: complete when no image has come for 60 s", again_at=at(70)
    )
    assert (after.outcome, after.reason) == (Outcome.COMPLETE, "complete: 2 images, none new for 60 s")


def test_study_is_complete_with_its_last_view_once_it_has_settled() -> None:
    before, after = decided(facts(*FOUR), 4.9, **VIEWS), decided(facts(*FOUR), 5.0, **VIEWS)
    views = "all expected views are here: R CC, L CC, R MLO, L MLO"
    assert (before.outcome, before.again_at) == (Outcome.WAIT, at(5))
    assert before.reason == f"{views}; waiting 5 s for anything further (rule screening)"
    assert (after.outcome, after.reason) == (Outcome.COMPLETE, f"complete: {views} (rule screening)")


def test_study_that_lacks_a_view_waits_beyond_the_quiet_period() -> None:
    decision = decided(facts(*FOUR[:3]), 3600, **VIEWS)
    assert decision == Decision(Outcome.WAIT, "waiting for views: L MLO (rule screening)", again_at=at(14400))


def test_study_that_lacks_a_view_is_processed_when_quiet_where_the_rule_says_so() -> None:
    decision = decided(facts(*FOUR[:3]), 60, **VIEWS, after_quiet_period="process")
    assert decision.outcome is Outcome.COMPLETE
    assert decision.reason == (
        "complete: 3 images, none new for 60 s; waiting for views: L MLO (rule screening)"
    )


def test_quiet_period_decides_where_no_condition_can_say_anything() -> None:
    decision = decided(facts(received=1), 30, count="announced", procedure_steps=True, quiet_period_s=30)
    assert decision.outcome is Outcome.COMPLETE
    assert decision.reason == (
        "complete: 1 image, none new for 30 s; no number of images announced is known; "
        "no procedure step is known (rule screening)"
    )


@pytest.mark.parametrize(
    ("complete_when", "announced", "steps", "outcome"),
    [
        ("all", 1, ["COMPLETED"], Outcome.COMPLETE),
        ("all", 2, ["COMPLETED"], Outcome.WAIT),
        ("all", 1, ["IN PROGRESS"], Outcome.WAIT),
        ("all", 1, [], Outcome.WAIT),
        ("any", 1, [], Outcome.COMPLETE),
        ("any", 1, ["IN PROGRESS"], Outcome.COMPLETE),
        ("any", 2, ["COMPLETED"], Outcome.COMPLETE),
        ("any", 2, [], Outcome.WAIT),
        ("any", None, [], Outcome.WAIT),
    ],
)
def test_conditions_are_joined_as_the_rule_says(
    complete_when: str, announced: int | None, steps: list[str], outcome: Outcome
) -> None:
    study = facts(
        instances=[instance(announced=announced)],
        received=["1.0"],
        steps=[step(status, "1.0") for status in steps],
    )
    rule = {"count": "announced", "procedure_steps": True, "complete_when": complete_when}
    assert decided(study, 10, **rule).outcome is outcome


def test_condition_that_is_met_beside_one_that_says_nothing_waits_for_the_quiet_period() -> None:
    study = facts(*FOUR)
    assert decided(study, 59, **VIEWS, procedure_steps=True).outcome is Outcome.WAIT
    assert decided(study, 60, **VIEWS, procedure_steps=True).outcome is Outcome.COMPLETE


def test_release_settles_from_its_own_moment_on() -> None:
    study = facts(received=1, last_s=0, released_s=20)
    rule = {"association_released": True, "settling_s": 3}
    assert decided(study, 22.9, **rule).outcome is Outcome.WAIT
    assert decided(study, 23, **rule).outcome is Outcome.COMPLETE


def test_unilateral_study_is_complete_at_its_quiet_period() -> None:
    study = facts(view("L CC"), view("L MLO"), last_s=100)
    rule = {**VIEWS, "quiet_period_s": 300}
    waiting = decided(study, 399, **rule)
    assert (waiting.outcome, waiting.again_at) == (Outcome.WAIT, at(400))
    assert decided(study, 400, **rule).reason.startswith("complete: unilateral: all mammograms show L")


@pytest.mark.parametrize(
    ("at_ceiling", "outcome", "reason"),
    [
        (
            "process",
            Outcome.PROCESS_AT_CEILING,
            "processed 600 s after its first image, the ceiling, though not complete: "
            "waiting for views: L MLO (rule screening)",
        ),
        (
            "park",
            Outcome.PARK,
            "parked 600 s after its first image, the ceiling: waiting for views: L MLO. "
            "`preread retry` processes it as it is (rule screening)",
        ),
    ],
)
def test_waiting_ends_at_the_ceiling(at_ceiling: str, outcome: Outcome, reason: str) -> None:
    rule = {**VIEWS, "ceiling_s": 600, "at_ceiling": at_ceiling}
    assert decided(facts(*FOUR[:3], last_s=599), 599.9, **rule).outcome is Outcome.WAIT
    decision = decided(facts(*FOUR[:3], last_s=599), 600, **rule)
    assert (decision.outcome, decision.reason) == (outcome, reason)


def test_study_that_trickles_in_ends_at_the_ceiling_though_it_is_never_quiet() -> None:
    (default,) = policies(AssembleSettings(ceiling_s=600))
    decision = decide(default, facts(received=20, last_s=599), at(600))
    assert decision.outcome is Outcome.PROCESS_AT_CEILING
    assert "complete when no image has come for 60 s" in decision.reason


def test_study_that_is_complete_at_the_ceiling_is_not_parked() -> None:
    rule = {**VIEWS, "ceiling_s": 600, "at_ceiling": "park"}
    assert decided(facts(*FOUR), 700, **rule).outcome is Outcome.COMPLETE


images = st.builds(
    view,
    st.sampled_from([*FOUR_VIEWS, "R ", " CC"]),
    is_tomosynthesis=st.booleans(),
    is_for_presentation=st.booleans(),
)
studies = st.builds(
    lambda shown, steps, last_s, released_s: facts(
        *shown, received=max(len(shown), 1), steps=steps, last_s=last_s, released_s=released_s
    ),
    shown=st.lists(images, max_size=6),
    steps=st.lists(
        st.builds(step, st.sampled_from(["IN PROGRESS", "COMPLETED"]), st.just("1.0")), max_size=2
    ),
    last_s=st.floats(0, 500),
    released_s=st.none() | st.floats(0, 500),
)
rules = st.fixed_dictionaries(
    {
        "views": st.sampled_from([{}, {"expected": FOUR_VIEWS}]),
        "procedure_steps": st.booleans(),
        "association_released": st.booleans(),
        "complete_when": st.sampled_from(["all", "any"]),
        "after_quiet_period": st.sampled_from(["wait", "process"]),
        "settling_s": st.sampled_from([0.0, 5.0, 90.0]),
        "ceiling_s": st.sampled_from([200.0, 900.0]),
    }
)


@given(studies, rules, st.floats(0, 1000), st.floats(0, 1))
def test_decision_to_wait_holds_until_the_moment_it_names(
    study: StudyFacts, rule: dict[str, Any], now_s: float, part: float
) -> None:
    decision = decided(study, now_s, **rule)
    assume(decision.outcome is Outcome.WAIT)
    assert at(now_s) < decision.again_at <= at(rule["ceiling_s"])
    later = at(now_s) + part * (decision.again_at - at(now_s) - timedelta(microseconds=1))
    assert decide(policy(**rule), study, later) == decision


@given(studies, rules, st.floats(0, 1000))
def test_no_study_waits_beyond_its_ceiling_and_every_decision_has_a_reason(
    study: StudyFacts, rule: dict[str, Any], now_s: float
) -> None:
    decision = decided(study, now_s, **rule)
    assert decision.outcome is not Outcome.WAIT or now_s < rule["ceiling_s"]
    assert decision.reason.endswith(" (rule screening)")
