"""Studies from their first image to a decision, over a real ledger and with a clock that tests move."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydicom.dataset import Dataset

from service.assemble.assembler import Assembler
from service.assemble.headers import Headers
from service.config import AssembleSettings
from service.dicom.predicates import keywords
from service.errors import ConfigurationError, PeerUnavailable
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.storage.store.memory import MemoryStore
from service.study.model import Study
from service.study.procedure_step import ProcedureStep, ProcedureStepStatus
from service.study.state import StudyEvent, StudyState
from tests.factories import STUDY, received
from tests.unit.assemble.builders import FOUR_VIEWS, rule
from tests.unit.dicom.builders import part10
from tests.unit.dicom.mammograms import mammogram


class Room:
    """A modality, the ledger, and an assembler whose clock stands still until it is moved."""

    def __init__(self, ledger: Ledger, store: MemoryStore) -> None:
        self.ledger, self.store = ledger, store
        self.start = datetime.now(UTC)
        self.now = self.start
        self.assembler: Assembler | None = None

    def decide_by(self, pacs: Any = None, **values: Any) -> None:
        """Begin with one completeness rule."""
        settings = AssembleSettings(completeness=(rule(**values),))
        headers = Headers(self.store, keywords(settings.whens))
        self.assembler = Assembler(self.ledger, headers, settings, pacs, clock=lambda: self.now)

    def send(self, *datasets: Dataset, **values: Any) -> None:
        """Receive images now."""
        for ds in datasets:
            instance = received(sop_instance_uid=str(ds.SOPInstanceUID), received_at=self.now, **values)
            self.store.put(instance.key, part10(ds))
            record_received(self.ledger, instance)

    def after(self, seconds: float) -> Study:
        """The study after one turn of the assembler, so long after its first image."""
        assert self.assembler is not None
        self.now = self.start + timedelta(seconds=seconds)
        self.assembler.assemble_complete()
        with self.ledger.read() as tx:
            study = tx.studies.find(STUDY)
        assert study is not None
        return study

    def history(self) -> list[tuple[str, str]]:
        """Event and reason of every move."""
        with self.ledger.read() as tx:
            return [(entry.event, entry.reason) for entry in tx.studies.history(STUDY)]


@pytest.fixture
def room(ledger: Ledger, store: MemoryStore) -> Room:
    return Room(ledger, store)


VIEWS: dict[str, Any] = {"when": {"Modality": "MG"}, "views": {"expected": FOUR_VIEWS}}


def four() -> list[Dataset]:
    return [mammogram(name[0], name[2:]) for name in FOUR_VIEWS]


def test_waiting_study_says_whose_it_is_and_what_it_waits_for(room: Room) -> None:
    room.decide_by(**VIEWS)
    room.send(*four()[:2])
    study = room.after(10)
    assert (study.state, study.reason) == (
        StudyState.RECEIVED,
        "waiting for views: R MLO, L MLO (rule screening)",
    )
    assert (study.header.patient_id, study.header.modalities) == ("P1", ("MG",))


def test_study_goes_on_with_its_last_view_and_the_history_says_why(room: Room) -> None:
    room.decide_by(**VIEWS)
    *first, last = four()
    room.send(*first)
    assert room.after(100).reason == "waiting for views: L MLO (rule screening)"
    room.send(last)
    assert room.after(104).state is StudyState.RECEIVED
    assert room.after(105).state is StudyState.ASSEMBLED
    assert room.history()[-1] == (
        "study_complete",
        "complete: all expected views are here: R CC, L CC, R MLO, L MLO (rule screening)",
    )


def test_explanation_is_written_only_when_it_changes(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.decide_by(**VIEWS)
    room.send(*four()[:2])
    room.after(10)
    monkeypatch.setattr(Ledger, "begin", _refuse)
    assert room.after(70).reason.startswith("waiting for views")


def test_turn_reads_nothing_of_a_study_that_cannot_have_changed(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.decide_by(**VIEWS)
    room.send(*four()[:2])
    room.after(10)
    monkeypatch.setattr(Assembler, "_facts", _refuse)
    for seconds in range(11, 59):
        assert room.after(seconds).state is StudyState.RECEIVED


def test_study_of_no_rule_is_complete_when_quiet(room: Room) -> None:
    room.decide_by(when={"Modality": "US"}, count="announced")
    room.send(mammogram(NumberOfStudyRelatedInstances=1))
    assert room.after(59).state is StudyState.RECEIVED
    study = room.after(60)
    assert (study.state, study.reason) == (StudyState.ASSEMBLED, "complete: 1 image, none new for 60 s")


def test_study_is_complete_with_the_images_that_were_announced(room: Room) -> None:
    room.decide_by(count="announced")
    room.send(mammogram(NumberOfStudyRelatedInstances=2))
    assert room.after(200).reason == "waiting: 1 of 2 images announced are here (rule screening)"
    room.send(mammogram(NumberOfStudyRelatedInstances=2))
    assert room.after(206).state is StudyState.ASSEMBLED


def test_end_of_a_procedure_step_makes_a_study_complete(room: Room) -> None:
    room.decide_by(procedure_steps=True)
    image = mammogram()
    uid = str(image.SOPInstanceUID)
    with room.ledger.begin() as tx:
        tx.procedure_steps.create(
            ProcedureStep("1.9", STUDY, ProcedureStepStatus.IN_PROGRESS, (), "MG1", room.start)
        )
    room.send(image)
    assert "1 of 1 procedure steps are in progress" in room.after(100).reason
    with room.ledger.begin() as tx:
        tx.procedure_steps.set("1.9", ProcedureStepStatus.COMPLETED, [uid], room.now)
    assert room.after(101).state is StudyState.ASSEMBLED


def test_release_makes_a_study_complete_once_it_has_settled(room: Room) -> None:
    room.decide_by(association_released=True, settling_s=3)
    room.send(mammogram())
    assert room.after(20).state is StudyState.RECEIVED
    with room.ledger.begin() as tx:
        tx.studies.association_released(STUDY, room.now)
    assert room.after(22).state is StudyState.RECEIVED
    assert room.after(23).state is StudyState.ASSEMBLED


def test_study_is_parked_at_the_ceiling_and_a_person_moves_it_on(room: Room) -> None:
    room.decide_by(**VIEWS, ceiling_s=600, at_ceiling="park")
    room.send(*four()[:3])
    assert room.after(599).state is StudyState.RECEIVED
    parked = room.after(610)  # the ledger entered the first image a moment after it came
    assert (parked.state, parked.header.patient_id) == (StudyState.PARKED, "P1")
    assert room.history()[-1] == ("parked", parked.reason)
    assert parked.reason.startswith("parked 600 s after its first image, the ceiling: waiting for views")
    with room.ledger.begin() as tx:
        assert tx.studies.move(STUDY, StudyEvent.RETRIED, "tried again") is StudyState.ASSEMBLED


def test_late_image_takes_a_parked_study_back_and_may_complete_it(room: Room) -> None:
    room.decide_by(**VIEWS, ceiling_s=600, at_ceiling="park")
    *first, last = four()
    room.send(*first)
    assert room.after(610).state is StudyState.PARKED
    room.send(last)
    study = room.after(615)
    assert (study.state, study.revision) == (StudyState.ASSEMBLED, 2)


def test_study_goes_on_at_the_ceiling_though_it_is_not_complete(room: Room) -> None:
    room.decide_by(**VIEWS, ceiling_s=600)
    room.send(*four()[:3])
    assert room.after(610).state is StudyState.ASSEMBLED
    assert room.history()[-1][0] == "ceiling_reached"


class Pacs:
    """A PACS that has some images, or does not answer."""

    def __init__(self, count: int | None) -> None:
        self.count, self.asked = count, 0

    def count_in_pacs(self, study: Study) -> int | None:
        self.asked += 1
        if self.count is None:
            raise PeerUnavailable("the PACS is down: start it")
        return self.count


def test_pacs_is_asked_once_a_study_has_settled_and_then_now_and_again(room: Room) -> None:
    pacs = Pacs(count=2)
    room.decide_by(pacs, count="pacs", settling_s=10)
    room.send(mammogram())
    asked = [(room.after(seconds).state, pacs.asked)[1] for seconds in (9, 10, 11, 39, 40)]
    assert asked == [0, 1, 1, 1, 2]
    assert room.after(41).reason == "waiting: 1 of 2 images that the PACS has are here (rule screening)"
    pacs.count = 1
    assert room.after(70).state is StudyState.ASSEMBLED


def test_quiet_period_decides_when_the_pacs_does_not_answer(room: Room) -> None:
    room.decide_by(Pacs(count=None), count="pacs")
    room.send(mammogram())
    assert room.after(59).state is StudyState.RECEIVED
    assert room.after(60).state is StudyState.ASSEMBLED


def test_rule_that_counts_in_no_pacs_is_refused(room: Room) -> None:
    with pytest.raises(ConfigurationError, match="no PACS is there to ask"):
        room.decide_by(count="pacs")


def test_image_that_comes_while_a_study_is_decided_is_waited_for(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.decide_by(**VIEWS)
    room.send(*four())
    decide: Callable[..., Any] = Assembler._decide

    def meanwhile(*arguments: Any) -> Any:
        monkeypatch.undo()
        room.send(mammogram())
        return decide(*arguments)

    monkeypatch.setattr(Assembler, "_decide", meanwhile)
    assert room.after(10).state is StudyState.RECEIVED
    assert room.after(15).state is StudyState.ASSEMBLED


def test_late_image_of_a_study_that_went_on_opens_a_new_revision(room: Room) -> None:
    room.decide_by(**VIEWS)
    room.send(*four())
    room.after(10)
    room.send(mammogram("R", "CC"))
    study = room.after(16)
    assert (study.state, study.revision, study.instance_count) == (StudyState.ASSEMBLED, 2, 5)


def _refuse(*_arguments: Any) -> Any:
    raise AssertionError
