from datetime import UTC, datetime

import pytest

from service.errors import PeerUnavailable
from service.fetch.count import AWAY_S, REMEMBERED_S, ArchiveCounter
from service.fetch.wanted import Wanted
from service.study.model import Priority, Study, StudyHeader
from service.study.state import StudyState
from tests.unit.fetch.test_fetcher import RESULTS, STORABLE, FakeArchive, instances

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STUDY = Study("1.2.3", 1, StudyState.RECEIVED, "", Priority.ROUTINE, 1, NOW, NOW, StudyHeader())


class Pacs:
    """An archive that can be away, and a clock."""

    def __init__(self, archive: FakeArchive) -> None:
        self.archive, self.now, self.is_away = archive, 1000.0, False
        self.deadlines: list[float] = []
        wanted = Wanted(STORABLE, lambda _study: {RESULTS})
        self.counter = ArchiveCounter(self.open, wanted, 5.0, lambda: self.now)

    def open(self, deadline: float) -> FakeArchive:
        self.deadlines.append(deadline)
        if self.is_away:
            raise PeerUnavailable("the PACS is away")
        return self.archive


def test_counted_is_what_we_store_and_have_not_made_ourselves() -> None:
    report = instances("9", sop_class_uid="1.2.840.10008.5.1.4.1.1.88.11")
    pacs = Pacs(FakeArchive(instances("1", "2") + report))
    assert pacs.counter.count_in_pacs(STUDY) == 2
    assert pacs.archive.asked_without == [{RESULTS}]
    assert pacs.deadlines == [1005.0]


def test_study_that_the_pacs_does_not_know_has_no_count() -> None:
    assert Pacs(FakeArchive(())).counter.count_in_pacs(STUDY) is None


def test_answer_is_remembered_for_some_seconds() -> None:
    pacs = Pacs(FakeArchive(instances("1")))
    assert pacs.counter.count_in_pacs(STUDY) == 1
    pacs.archive.instances = instances("1", "2")
    assert pacs.counter.count_in_pacs(STUDY) == 1
    pacs.now += REMEMBERED_S
    assert pacs.counter.count_in_pacs(STUDY) == 2


def test_pacs_that_is_away_is_left_alone_for_a_while() -> None:
    pacs = Pacs(FakeArchive(instances("1")))
    pacs.is_away = True
    for _ in range(2):
        with pytest.raises(PeerUnavailable, match="the PACS is away"):
            pacs.counter.count_in_pacs(STUDY)
    assert len(pacs.deadlines) == 1
    pacs.is_away = False
    pacs.now += AWAY_S
    assert pacs.counter.count_in_pacs(STUDY) == 1
