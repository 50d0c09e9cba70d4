from itertools import product

import pytest

from service.errors import InvalidTransition
from service.study.lifecycle import TRANSITIONS, event_after, next_state, starts_revision
from service.study.state import AnalysisState, StudyEvent, StudyState


@pytest.mark.parametrize(("state", "event"), list(product(StudyState, StudyEvent)))
def test_every_pair_moves_by_the_table_or_raises(state: StudyState, event: StudyEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert next_state(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(InvalidTransition, match=f"{event.name} is not valid in {state.name}"):
            next_state(state, event)


@pytest.mark.parametrize("state", list(StudyState))
def test_late_instance_brings_every_state_back_to_received(state: StudyState) -> None:
    assert next_state(state, StudyEvent.INSTANCE_RECEIVED) is StudyState.RECEIVED
    assert starts_revision(state, StudyEvent.INSTANCE_RECEIVED) is (state is not StudyState.RECEIVED)


def test_complete_series_starts_a_revision_of_a_study_that_goes_on_receiving() -> None:
    assert next_state(StudyState.RECEIVED, StudyEvent.SERIES_COMPLETE) is StudyState.RECEIVED
    assert starts_revision(StudyState.RECEIVED, StudyEvent.SERIES_COMPLETE)


@pytest.mark.parametrize("state", list(StudyState))
def test_only_what_may_have_results_is_tried_again_as_a_new_revision(state: StudyState) -> None:
    has_results = state in {StudyState.DELIVERED, StudyState.KEPT}
    assert starts_revision(state, StudyEvent.RETRIED) is has_results


def test_every_state_can_be_reached_from_received() -> None:
    reached = {StudyState.RECEIVED}
    for _ in StudyState:
        reached |= {after for (before, _), after in TRANSITIONS.items() if before in reached}
    assert reached == set(StudyState)


@pytest.mark.parametrize(
    ("states", "event"),
    [
        (["scored", "queued"], None),
        (["scored", "failed"], StudyEvent.ANALYSES_FINISHED),
        (["scored", "not_analysed"], StudyEvent.ANALYSES_FINISHED),
        (["failed", "not_analysed"], StudyEvent.GAVE_UP),
        (["not_analysed", "not_analysed"], StudyEvent.EVERYTHING_REFUSED),
    ],
)
def test_study_moves_when_its_last_analysis_ends(states: list[str], event: StudyEvent | None) -> None:
    assert event_after([AnalysisState(state) for state in states]) is event
