from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from service.perform.verdict import RESTING, Next, judge
from service.storage.ledger.tables.analyses import Analysis
from service.study.model import Priority, Study, StudyHeader
from service.study.state import AnalysisState, StudyState
from tests.factories import STUDY

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def study(state: StudyState) -> Study:
    return Study(STUDY, 1, state, "because", Priority.ROUTINE, 2, NOW, NOW, StudyHeader())


def analysis(state: AnalysisState = AnalysisState.SCORED, **values: Any) -> Analysis:
    one = Analysis(STUDY, 1, "us-mass", state, "2 images scored", ("pacs", "other"), None, NOW, NOW)
    return replace(one, **values)


def verdict(state: StudyState, *analyses: Analysis, begins: bool = False) -> Next:
    return judge(study(state), analyses, ("us-mass",), ("pacs",), begins=begins).next


@pytest.mark.parametrize("begins", [True, False])
def test_delivered_study_with_the_results_completes(begins: bool) -> None:
    assert verdict(StudyState.DELIVERED, analysis(), begins=begins) is Next.COMPLETE


@pytest.mark.parametrize("state", [state for state in StudyState if state not in RESTING])
@pytest.mark.parametrize("begins", [True, False])
def test_study_on_its_way_is_waited_for(state: StudyState, begins: bool) -> None:
    assert verdict(state, begins=begins) is Next.WAIT


@pytest.mark.parametrize(
    "other",
    [{"classifier": "other"}, {"shadow": True}, {"destinations": ("other",)}],
    ids=str,
)
def test_study_that_rests_without_what_is_asked_for_is_sent_on(other: dict[str, Any]) -> None:
    assert verdict(StudyState.DELIVERED, analysis(**other)) is Next.SEND_ON


@pytest.mark.parametrize("state", [StudyState.FAILED, StudyState.NOT_ANALYSED, StudyState.PARKED])
def test_end_of_before_the_workitem_is_no_end_of_its_work(state: StudyState) -> None:
    refused = analysis(AnalysisState.NOT_ANALYSED)
    assert verdict(state, refused, begins=True) is Next.SEND_ON


def test_prior_is_sent_on() -> None:
    assert verdict(StudyState.PRIOR) is Next.SEND_ON


def test_study_that_is_parked_cancels() -> None:
    found = judge(study(StudyState.PARKED), (), ("us-mass",), ("pacs",), begins=False)
    assert (found.next, found.text) == (Next.CANCEL, "waits for a person: because")


def test_refused_images_cancel_with_their_reason() -> None:
    refused = analysis(AnalysisState.NOT_ANALYSED, reason="colour Doppler")
    for state in (StudyState.NOT_ANALYSED, StudyState.DELIVERED):  # delivered for another classifier
        found = judge(study(state), (refused,), ("us-mass",), ("pacs",), begins=False)
        assert (found.next, found.text) == (Next.CANCEL, "not analysed: us-mass: colour Doppler")


def test_study_that_fails_cancels() -> None:
    found = judge(study(StudyState.FAILED), (analysis(),), ("us-mass",), ("pacs",), begins=False)
    assert (found.next, found.text) == (Next.CANCEL, "failed: because")
