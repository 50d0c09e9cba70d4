"""Workitems from being offered to their end, at a strict manager: what is told there, and what is resumed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from service.errors import PeerUnavailable
from service.perform.desk import HOLD_S
from service.perform.performer import AWAY_S
from service.perform.ups_rs import UpsRs
from service.storage.ledger.steps.receive import record_received
from service.study.model import Priority
from service.study.state import AnalysisState, StudyEvent, StudyState
from service.study.workitem import WorkitemCode, WorkitemInput, WorkitemState
from tests.factories import STUDY, received
from tests.fakes.workitems import CODE, attributes, code_item
from tests.unit.perform.site import IMAGE, UID, Site, analyse, finish, go


def code_of(items: Any) -> tuple[str, str]:
    return str(items[0].CodeValue), str(items[0].CodingSchemeDesignator)


def test_workitem_is_claimed_fetched_followed_and_completed(site: Site) -> None:
    offered = site.offer()
    performer = site.performer()
    performer.turn()
    assert (offered.state, site.held().state) == ("IN PROGRESS", WorkitemState.WORKING)
    assert offered.transaction_uid == site.held().transaction_uid
    assert [one.sop_instance_uids for one in site.pacs.asked] == [(IMAGE,)]
    analyse(site.ledger)
    site.pass_time()
    performer.turn()
    assert (offered.state, site.held().state, performer.trouble) == ("COMPLETED", WorkitemState.COMPLETED, "")
    (performed,) = offered.attributes.UnifiedProcedureStepPerformedProcedureSequence
    assert code_of(performed.PerformedWorkitemCodeSequence) == (CODE.value, CODE.scheme)
    assert code_of(performed.PerformedStationNameCodeSequence) == ("PREREAD", "99PREREAD")
    assert performed.PerformedProcedureStepStartDateTime == "20260301093000+0000"
    assert performed.PerformedProcedureStepEndDateTime == "20260301093101+0000"
    assert performed.CommentsOnThePerformedProcedureStep == "us-mass: 1 image scored"
    (output,) = performed.OutputInformationSequence
    assert (output.StudyInstanceUID, output.SeriesInstanceUID) == (STUDY, "1.7.1")
    assert output.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "1.7"
    assert output.DICOMRetrievalSequence[0].RetrieveAETitle == "PACS"
    assert [event for event in site.events() if event.startswith("workitem")] == [
        "workitem_claimed",
        "workitem_ended",
    ]


def test_progress_is_told_once_for_each_state(site: Site) -> None:
    offered, performer = site.offer(), site.performer()
    performer.turn()
    for _ in range(3):
        site.pass_time()
        performer.turn()
    assert [text.partition(":")[0] for text in offered.progress] == ["fetching the input", "received"]


def test_input_that_is_here_is_not_fetched(site: Site) -> None:
    record_received(site.ledger, received(sop_instance_uid=IMAGE))
    site.offer()
    site.performer().turn()
    assert (site.pacs.asked, site.held().state) == ([], WorkitemState.WORKING)


def test_study_that_was_analysed_before_completes_at_once(site: Site) -> None:
    record_received(site.ledger, received(sop_instance_uid=IMAGE))
    analyse(site.ledger)
    offered = site.offer()
    site.performer().turn()
    assert offered.state == "COMPLETED"


def test_study_that_was_not_analysed_before_is_sent_its_way_again(site: Site) -> None:
    record_received(site.ledger, received(sop_instance_uid=IMAGE))
    go(site.ledger, StudyEvent.STUDY_COMPLETE, StudyEvent.NOTHING_TO_ANALYSE)
    offered, performer = site.offer(), site.performer()
    performer.turn()
    with site.ledger.read() as tx:
        study = tx.studies.find(STUDY)
    assert study is not None
    assert study.state is StudyState.ASSEMBLED
    finish(site.ledger)
    site.pass_time()
    performer.turn()
    assert offered.state == "COMPLETED"


def test_study_that_comes_to_rest_without_it_is_sent_on_so_often_only(site: Site) -> None:
    offered, performer = site.offer(), site.performer()
    performer.turn()
    go(site.ledger, StudyEvent.STUDY_COMPLETE)
    for _ in range(4):
        go(site.ledger, StudyEvent.NOTHING_TO_ANALYSE)
        site.pass_time()
        performer.turn()
    assert offered.state == "CANCELED"
    assert "comes to rest without it" in site.held().reason


def test_refusal_cancels_with_its_reason(site: Site) -> None:
    offered, performer = site.offer(), site.performer()
    performer.turn()
    analyse(site.ledger, AnalysisState.NOT_ANALYSED, "colour Doppler")
    site.pass_time()
    performer.turn()
    (told,) = offered.attributes.ProcedureStepProgressInformationSequence
    assert (offered.state, told.ReasonForCancellation) == (
        "CANCELED",
        "not analysed: us-mass: colour Doppler",
    )
    assert code_of(told.ProcedureStepDiscontinuationReasonCodeSequence) == ("110522", "DCM")
    assert site.held().state is WorkitemState.CANCELED


def test_workitem_that_names_no_study_is_canceled(site: Site) -> None:
    offered = site.ups.add(attributes(UID))
    site.performer().turn()
    assert offered.state == "CANCELED"
    assert "names no study" in site.held().reason


def test_input_that_does_not_come_is_fetched_again_and_then_canceled(site: Site) -> None:
    offered, performer = site.offer(), site.performer(input_timeout_s=100.0)
    site.pacs.problem = "the PACS broke off"
    for _ in range(2):
        performer.turn()
        site.pass_time()
    assert offered.state == "IN PROGRESS"
    assert offered.progress == ["fetching the input", "its input is not here yet: the PACS broke off"]
    performer.turn()
    (told,) = offered.attributes.ProcedureStepProgressInformationSequence
    assert (offered.state, len(site.pacs.asked)) == ("CANCELED", 3)
    assert code_of(told.ProcedureStepDiscontinuationReasonCodeSequence) == ("110523", "DCM")


def test_what_has_come_and_is_entered_a_moment_later_is_seen_a_moment_later(site: Site) -> None:
    site.offer()
    performer = site.performer()
    site.pacs.problem = "acknowledged, and still in the journal"
    performer.turn()
    record_received(site.ledger, received(sop_instance_uid=IMAGE))
    site.pass_time(2.0)
    performer.turn()
    assert site.held().state is WorkitemState.WORKING
    assert len(site.pacs.asked) == 1


def test_what_does_not_come_is_not_asked_for_every_second(site: Site) -> None:
    site.offer()
    performer = site.performer()
    site.pacs.problem = "the PACS broke off"
    for _ in range(10):
        performer.turn()
        site.pass_time(2.0)
    assert len(site.pacs.asked) == 2


def test_whole_study_as_input_waits_until_all_of_it_came(site: Site) -> None:
    site.ups.add(attributes(UID, StudyInstanceUID=STUDY))
    record_received(site.ledger, received())
    site.pacs.problem = "1 of 2 came"
    performer = site.performer()
    performer.turn()
    assert site.held().state is WorkitemState.FETCHING
    site.pacs.problem = ""
    site.pass_time()
    performer.turn()
    assert site.held().state is WorkitemState.WORKING


@pytest.mark.parametrize(
    "values",
    [
        {"ScheduledWorkitemCodeSequence": [code_item(WorkitemCode("US-MASS", "DCM", "Another scheme"))]},
        {"ScheduledStationNameCodeSequence": [code_item(WorkitemCode("OTHER", "99TEST", "Other"))]},
        {"InputReadinessState": "INCOMPLETE"},
        {"WorklistLabel": "OTHER"},
    ],
    ids=str,
)
def test_what_is_not_for_us_is_left_alone(site: Site, values: dict[str, Any]) -> None:
    offered = site.offer(**values)
    site.performer(worklist_label="AI").turn()
    assert offered.state == "SCHEDULED"
    with site.ledger.read() as tx:
        assert tx.workitems.latest(1) == ()


def test_no_more_are_claimed_than_there_is_room_for_and_the_urgent_first(site: Site) -> None:
    for number in range(3):
        site.offer(f"1.9.{number}", ScheduledProcedureStepPriority="HIGH" if number == 2 else "LOW")
    performer = site.performer(max_claimed=1)
    performer.turn()
    performer.turn()
    assert [one.state for one in site.ups.workitems.values()] == ["SCHEDULED", "SCHEDULED", "IN PROGRESS"]
    with site.ledger.read() as tx:
        study = tx.studies.find(STUDY)
    assert study is not None
    assert study.priority is Priority.URGENT


def test_workitem_of_another_performer_is_lost(site: Site) -> None:
    offered = site.offer()
    taken = iter(["somebody"])

    def before(method: str, path: str) -> None:
        if method == "PUT" and next(taken, ""):  # just before us
            offered.attributes.ProcedureStepState, offered.transaction_uid = "IN PROGRESS", "1.2.3"

    site.ups.before = before
    performer = site.performer()
    performer.turn()
    assert (site.held().state, offered.transaction_uid) == (WorkitemState.LOST, "1.2.3")
    site.pass_time()
    performer.turn()
    assert site.pacs.asked == []


def test_claim_whose_answer_is_lost_is_ours_when_we_come_back(site: Site) -> None:
    offered = site.offer()
    site.ups.dropped.append(("PUT", "/state"))
    first = site.performer()
    first.turn()
    assert (offered.state, site.held().state) == ("IN PROGRESS", WorkitemState.CLAIMING)
    assert "ris" in first.trouble
    site.pass_time()
    site.performer().turn()
    assert (site.held().state, site.held().transaction_uid) == (
        WorkitemState.WORKING,
        offered.transaction_uid,
    )


def test_end_whose_answer_is_lost_is_entered_when_we_come_back(site: Site) -> None:
    offered = site.offer()
    site.performer().turn()
    analyse(site.ledger)
    site.ups.dropped.append(("PUT", "/state"))
    site.pass_time()
    site.performer().turn()
    assert (offered.state, site.held().state) == ("COMPLETED", WorkitemState.WORKING)
    site.pass_time()
    site.performer().turn()
    assert site.held().state is WorkitemState.COMPLETED


class Killed(BaseException):
    """The process ends here."""


def test_process_that_dies_while_it_fetches_leaves_the_workitem_to_the_next(site: Site) -> None:
    offered = site.offer()

    def die() -> None:
        raise Killed

    site.pacs.during = die
    with pytest.raises(Killed):
        site.performer().turn()
    site.pacs.during = lambda: None
    site.performer().turn()
    assert site.held().state is WorkitemState.FETCHING  # still in the dead one's hands
    site.pass_time(HOLD_S)
    site.performer().turn()
    assert (site.held().state, offered.state) == (WorkitemState.WORKING, "IN PROGRESS")


def test_workitem_stays_in_the_hands_of_who_fetches_for_long(site: Site) -> None:
    site.offer()
    other = site.performer()

    def meanwhile() -> None:
        site.pass_time(HOLD_S - 1)

    @dataclass
    class Slow:
        def fetch(self, what: WorkitemInput, progress: Callable[[int, int], object]) -> str:
            meanwhile()
            progress(1, 2)
            meanwhile()
            other.turn()
            return site.pacs.fetch(what, progress)

    site.performer(Slow()).turn()
    assert len(site.pacs.asked) == 1


@pytest.mark.parametrize("state", ["CANCELED", "COMPLETED"])
def test_workitem_that_ends_without_us_is_lost(site: Site, state: str) -> None:
    offered, performer = site.offer(), site.performer()
    performer.turn()
    offered.attributes.ProcedureStepState = state
    analyse(site.ledger, AnalysisState.NOT_ANALYSED)
    site.pass_time()
    performer.turn()
    ended = WorkitemState.CANCELED if state == "CANCELED" else WorkitemState.LOST
    assert site.held().state is ended


def test_workitem_that_is_gone_is_lost(site: Site) -> None:
    site.offer()
    performer = site.performer()
    performer.turn()
    del site.ups.workitems[UID]
    site.pass_time()
    performer.turn()
    assert (site.held().state, site.held().reason) == (WorkitemState.LOST, "it is gone there, without us")


def test_workitem_that_is_offered_again_is_claimed_again(site: Site) -> None:
    offered, performer = site.offer(), site.performer()
    performer.turn()
    offered.attributes.ProcedureStepState, offered.transaction_uid = "SCHEDULED", ""
    site.pass_time()
    performer.turn()
    assert (offered.state, site.held().state) == ("IN PROGRESS", WorkitemState.WORKING)


def test_manager_that_is_away_is_left_alone_for_a_while(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.offer()
    site.ups.before = lambda method, path: 503
    performer = site.performer()
    performer.turn()
    assert "HTTP 503" in performer.trouble
    performer.turn()
    assert len(site.ups.asked) == 1
    site.ups.before = lambda method, path: None
    monkeypatch.setattr(performer, "_away_until", 0.0)
    site.pass_time(AWAY_S)
    performer.turn()
    assert (performer.trouble, site.held().state) == ("", WorkitemState.WORKING)


def test_manager_that_refuses_one_workitem_gets_the_others(site: Site) -> None:
    site.offer("1.9.1")
    site.offer("1.9.2")
    site.ups.before = lambda method, path: 422 if method == "POST" and "1.9.1?" in path else None
    performer = site.performer()
    performer.turn()
    assert [site.held(uid).state for uid in ("1.9.1", "1.9.2")] == [
        WorkitemState.FETCHING,
        WorkitemState.WORKING,
    ]
    assert "HTTP 422" in performer.trouble
    assert "HTTP 422" in site.held("1.9.1").reason


def test_update_that_is_not_understood_is_not_taken_for_a_lost_workitem(site: Site) -> None:
    site.offer()
    site.ups.before = lambda method, path: 400 if method == "POST" else None
    performer = site.performer()
    performer.turn()
    assert "does not take what we enter" in performer.trouble
    assert site.held().state is WorkitemState.FETCHING


def test_turn_that_lasts_for_long_leaves_the_rest_to_the_next(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.perform.performer.TURN_S", -1.0)
    site.offer()
    performer = site.performer()
    performer.turn()
    assert site.held().state is WorkitemState.FETCHING  # one step, the claim
    performer.turn()
    assert site.held().state is WorkitemState.WORKING


def test_requester_ends_the_path_where_the_manager_wants_one(site: Site) -> None:
    site.ups.requester = "PREREAD"
    offered = site.offer()
    site.performer(requester="PREREAD").turn()
    assert offered.state == "IN PROGRESS"


def test_answer_that_is_no_dicom_json_is_told(site: Site) -> None:
    site.ups.as_array = False  # one object in place of an array is understood
    site.offer()
    performer = site.performer()
    performer.turn()
    assert site.held().state is WorkitemState.WORKING
    manager = UpsRs(performer._desk.settings, ())
    site.ups._retrieve = lambda uid: (200, "", b"[1]")  # type: ignore[method-assign]
    with pytest.raises(PeerUnavailable, match="no DICOM JSON"):
        manager.find(UID)
