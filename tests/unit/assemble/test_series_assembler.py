"""Which series are handed on, over a real ledger and with a clock that tests move."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydicom.dataset import Dataset

from service.assemble.headers import Headers
from service.assemble.series_assembler import SeriesAssembler
from service.config import SeriesCompleteness
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.storage.store.memory import MemoryStore
from service.study.model import Study
from service.study.series import CompleteSeries
from service.study.state import StudyEvent
from tests.factories import STUDY, received
from tests.unit.dicom.builders import part10
from tests.unit.dicom.mammograms import mammogram


class Room:
    """A modality, and an assembler of series whose clock stands still until it is moved."""

    def __init__(self, ledger: Ledger, store: MemoryStore) -> None:
        self.ledger, self.store = ledger, store
        self.start = datetime.now(UTC)
        self.now = self.start
        self.handed_on: list[list[str]] = []
        self.reasons: dict[str, str] = {}
        self.is_settled = True
        self.begin()

    def begin(self, **settings: Any) -> None:
        headers = Headers(self.store, ())
        completeness = SeriesCompleteness(**settings)
        self.assembler = SeriesAssembler(self.ledger, headers, completeness, self.take, lambda: self.now)

    def take(self, _study: Study, complete: Sequence[CompleteSeries]) -> bool:
        self.handed_on.append(sorted(one.series_instance_uid for one in complete))
        self.reasons = {one.series_instance_uid: one.reason for one in complete}
        return self.is_settled

    def send(self, series: str, ds: Dataset | None = None, **values: Any) -> None:
        instance = received(series_instance_uid=series, received_at=self.now, **values)
        self.store.put(instance.key, part10(ds or mammogram()))
        record_received(self.ledger, instance)

    def after(self, seconds: float) -> list[list[str]]:
        """What was handed on by a turn, so long after the start."""
        self.now = self.start + timedelta(seconds=seconds)
        self.handed_on = []
        self.assembler.assemble_complete()
        return self.handed_on


@pytest.fixture
def room(ledger: Ledger, store: MemoryStore) -> Room:
    return Room(ledger, store)


def test_quiet_series_is_handed_on_once_while_another_goes_on(room: Room) -> None:
    room.send("1.1")
    for seconds in range(0, 20, 5):
        assert room.after(seconds) == []
        room.send("1.2")
    assert room.after(20) == [["1.1"]]
    assert room.reasons["1.1"] == "1 image, none new in the series for 20 s"
    assert room.after(21) == []


def test_image_begins_the_quiet_period_of_its_series_anew(room: Room) -> None:
    room.send("1.1")
    room.after(0)
    room.send("1.1")
    assert room.after(19) == []
    assert room.after(38.9) == []
    assert room.after(39) == [["1.1"]]


def test_second_series_is_handed_on_together_with_the_first(room: Room) -> None:
    room.send("1.1", mammogram(NumberOfSeriesRelatedInstances=1))
    assert room.after(0) == [["1.1"]]
    room.send("1.2", mammogram(NumberOfSeriesRelatedInstances=1))
    assert room.after(1) == [["1.1", "1.2"]]


def test_newest_image_of_a_series_says_how_many_there_are(room: Room) -> None:
    room.send("1.1", mammogram(NumberOfSeriesRelatedInstances=1))
    room.now += timedelta(seconds=1)
    room.send("1.1", mammogram(NumberOfSeriesRelatedInstances=3))
    assert room.after(90) == []
    room.send("1.1", mammogram(NumberOfSeriesRelatedInstances=3))
    assert room.after(91) == [["1.1"]]


def test_release_after_the_last_image_completes_a_series(room: Room) -> None:
    room.begin(association_released=True)
    room.send("1.1")
    assert room.after(1) == []
    with room.ledger.begin() as tx:
        tx.studies.association_released(STUDY, room.now)
    room.now += timedelta(seconds=1)
    room.send("1.2")
    assert room.after(3) == [["1.1"]]


def test_series_that_is_not_settled_is_handed_on_again(room: Room) -> None:
    room.send("1.1", mammogram(NumberOfSeriesRelatedInstances=1))
    room.is_settled = False
    assert room.after(0) == [["1.1"]]
    assert room.after(1) == [["1.1"]]
    room.is_settled = True
    assert room.after(2) == [["1.1"]]
    assert room.after(3) == []


def test_images_received_long_ago_and_entered_now_are_not_quiet(room: Room) -> None:
    room.now -= timedelta(minutes=5)  # they waited in the journal for the database
    room.send("1.1")
    room.now = room.start
    assert room.after(0) == []
    assert room.after(19) == []
    assert room.after(20) == [["1.1"]]


def test_study_that_waits_no_more_has_no_series(room: Room) -> None:
    room.send("1.1")
    room.after(0)
    with room.ledger.begin() as tx:
        tx.studies.move(STUDY, StudyEvent.STUDY_COMPLETE, "complete")
    assert room.after(20) == []


def test_study_says_whose_it_is_before_its_first_early_result(room: Room) -> None:
    room.send("1.1", mammogram(NumberOfSeriesRelatedInstances=1))
    room.after(0)
    with room.ledger.read() as tx:
        study = tx.studies.find(STUDY)
    assert study is not None
    assert (study.header.patient_id, study.header.modalities) == ("P1", ("MG",))


def test_turn_reads_the_series_again_only_when_something_has_come(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.send("1.1")
    room.after(0)
    monkeypatch.setattr("service.storage.ledger.tables.instances.Instances.series_of", _refuse)
    assert room.after(19) == []


def _refuse(*_arguments: Any) -> Any:
    raise AssertionError
