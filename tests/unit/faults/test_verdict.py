"""A judge that cannot find a study lost, doubled or stuck would be worth nothing."""

import random
from dataclasses import replace

import pytest

from service.study.state import StudyState
from tests.faults.seen import Entered, Heatmap, Held, Report
from tests.faults.studies import small_study
from tests.faults.verdict import Judgement, Verdict, judge

STUDY = small_study(random.Random(1), images=2)
FIRST, SECOND = STUDY.images
UIDS = frozenset({FIRST.uid, SECOND.uid})
ENTERED = Entered(StudyState.DELIVERED, "at pacs", {image.uid: image.digest for image in STUDY.images})
HEATMAPS = (Heatmap("h1", FIRST.uid), Heatmap("h2", SECOND.uid))
REPORT = Report("sr", "series", UIDS, frozenset({"h1", "h2"}))
EARLY = Report("early", "series", frozenset({FIRST.uid}), frozenset({"h1"}))
HELD = Held((REPORT,), HEATMAPS)


def judged(acknowledged: frozenset[str] = UIDS, entered: Entered = ENTERED, held: Held = HELD) -> Verdict:
    return judge(STUDY, acknowledged, entered, held).verdict


def test_everything_there_once_is_well() -> None:
    assert judge(STUDY, UIDS, ENTERED, HELD) == Judgement(Verdict.ONCE)


def test_a_report_that_replaces_the_one_on_fewer_images_is_no_duplicate() -> None:
    newest = replace(REPORT, predecessors=frozenset({"early"}))

    assert judged(held=Held((EARLY, newest), HEATMAPS)) is Verdict.ONCE


def test_two_reports_on_the_same_images_are_one_too_many() -> None:
    again = replace(REPORT, uid="again")

    assert judged(held=Held((REPORT, again), HEATMAPS)) is Verdict.TWICE
    chained = replace(again, predecessors=frozenset({"sr"}))
    assert judged(held=Held((REPORT, chained), HEATMAPS)) is Verdict.TWICE


def test_a_later_report_that_does_not_name_the_earlier_one_is_one_too_many() -> None:
    assert judged(held=Held((EARLY, REPORT), HEATMAPS)) is Verdict.TWICE


def test_two_heatmaps_of_one_image_are_one_too_many() -> None:
    assert judged(held=Held((REPORT,), (*HEATMAPS, Heatmap("h3", FIRST.uid)))) is Verdict.TWICE


def test_two_classifiers_may_each_report_the_same_images() -> None:
    other = replace(REPORT, uid="other", series_uid="other series")

    assert judged(held=Held((REPORT, other), HEATMAPS)) is Verdict.ONCE


@pytest.mark.parametrize(
    "digests", [{FIRST.uid: FIRST.digest}, {FIRST.uid: FIRST.digest, SECOND.uid: ""}, {}, None]
)
def test_an_acknowledged_image_that_is_not_kept_is_lost(digests: dict[str, str] | None) -> None:
    assert judged(entered=replace(ENTERED, digests=digests)) is Verdict.LOST


def test_other_pixels_than_were_sent_are_a_loss() -> None:
    digests = {FIRST.uid: FIRST.digest, SECOND.uid: FIRST.digest}

    assert judged(entered=replace(ENTERED, digests=digests)) is Verdict.LOST


@pytest.mark.parametrize(
    "held",
    [
        Held(),
        Held((), HEATMAPS),
        Held((EARLY,), HEATMAPS),
        Held((REPORT,), HEATMAPS[:1]),
        Held((REPORT,), (HEATMAPS[0], Heatmap("h3", SECOND.uid))),
    ],
    ids=["nothing", "no report", "not all images", "a heatmap less", "another heatmap"],
)
def test_delivered_without_the_results_in_the_pacs_is_a_loss(held: Held) -> None:
    assert judged(held=held) is Verdict.LOST


def test_a_study_without_a_result_is_lost_whatever_explains_it() -> None:
    entered = replace(ENTERED, state=StudyState.NOT_ANALYSED, reason="no rule")

    assert judged(entered=entered, held=Held()) is Verdict.LOST


@pytest.mark.parametrize("state", [StudyState.RECEIVED, StudyState.QUEUED, StudyState.REPORTED])
def test_a_state_that_is_not_final_is_stuck(state: StudyState) -> None:
    assert judged(entered=replace(ENTERED, state=state)) is Verdict.STUCK


def test_a_final_state_without_a_reason_is_stuck() -> None:
    assert judged(entered=replace(ENTERED, reason="")) is Verdict.STUCK


def test_an_image_that_was_never_answered_is_stuck() -> None:
    assert judged(acknowledged=frozenset({FIRST.uid})) is Verdict.STUCK


@pytest.mark.parametrize("state", [StudyState.FAILED, StudyState.PARKED])
def test_a_study_that_waits_for_a_person_is_a_manual_step(state: StudyState) -> None:
    assert judged(entered=replace(ENTERED, state=state), held=Held()) is Verdict.MANUAL
