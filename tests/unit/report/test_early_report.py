"""Early reports against those of the study, in whatever order they are written."""

from typing import Any

import pytest

from service.report.writer import Writer
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.study.state import StudyState
from tests.unit.early import Way, predecessor_of, series
from tests.unit.pipeline import messages


@pytest.fixture
def way(ledger: Ledger, store: MemoryStore) -> Way:
    """A study of two series, the first of which was analysed early; both reports are still to be written."""
    way = Way(ledger, store)
    way.send(series("sweep", 1))
    way.turn(20)
    way.analyse()
    way.send(series("sweep", 2, image=1))
    way.turn(60)
    way.analyse()
    return way


def test_early_report_comes_to_nothing_after_that_of_the_study(way: Way) -> None:
    early, of_study = messages(way.ledger, "report")
    way.reporter.handle(of_study)
    way.reporter.handle(early)
    way.deliver()
    (report,) = way.pacs.reports()
    assert predecessor_of(report) == ""
    assert way.study.state is StudyState.DELIVERED


def test_report_that_another_overtakes_is_written_again_and_names_it(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, of_study = messages(way.ledger, "report")
    write = Writer.write

    def meanwhile(*arguments: Any) -> Any:
        monkeypatch.undo()
        way.reporter.handle(early)
        return write(*arguments)

    monkeypatch.setattr(Writer, "write", meanwhile)
    way.reporter.handle(of_study)
    states = [way.study.state]
    way.deliver()
    first, second = way.pacs.reports()
    assert predecessor_of(second) == first.SOPInstanceUID
    assert [*states, way.study.state] == [StudyState.INFERRED, StudyState.DELIVERED]


def test_early_report_that_cannot_be_written_is_told_and_fails_no_study(way: Way) -> None:
    early, of_study = messages(way.ledger, "report")
    way.reporter.give_up(early, "no room")
    assert way.history()[-1] == (
        "early_report_failed",
        "early report, revision 1: the result objects could not be written: no room",
    )
    way.reporter.handle(of_study)
    assert way.study.state is StudyState.REPORTED
