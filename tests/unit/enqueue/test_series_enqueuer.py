"""Series from their arrival to the PACS, early, and their study after them."""

from datetime import timedelta
from typing import Any

import pytest

from service.enqueue import enqueuer
from service.enqueue.series_enqueuer import SeriesEnqueuer
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.outbox import Outbox
from service.storage.store.memory import MemoryStore
from service.study.model import Priority
from service.study.state import AnalysisState, StudyState
from tests.unit.early import SWEEPS, Way, predecessor_of, series
from tests.unit.pipeline import messages


@pytest.fixture
def way(ledger: Ledger, store: MemoryStore) -> Way:
    return Way(ledger, store)


def test_complete_series_is_analysed_and_sent_while_its_study_is_received(way: Way) -> None:
    way.send(series("sweep", 1), series("still", 2))
    study = way.turn(20)
    assert (study.state, study.revision) == (StudyState.RECEIVED, 2)
    way.analyse()
    way.deliver()
    assert way.classifier.seen == 1
    assert sorted(ds.Modality for ds in way.pacs.objects.values()) == ["OT", "SR"]
    assert way.study.state is StudyState.RECEIVED


def test_history_tells_every_decision_with_its_reason(way: Way) -> None:
    way.send(series("sweep", 1))
    way.turn(20)
    way.analyse()
    way.deliver()
    assert way.history()[1:] == [
        (
            "series_complete",
            "series complete: 1 image, none new in the series for 20 s. Early analysis by us-mass as "
            "revision 1 (rule sweeps); the study is still being received",
        ),
        ("early_analysis_ended", "us-mass on the series of revision 1: 1 of 1 images scored"),
        ("early_report_written", "early report, revision 1: 2 objects written, being sent to pacs"),
    ]


def test_early_result_stands_when_the_study_holds_nothing_more_for_the_classifier(way: Way) -> None:
    way.send(series("sweep", 1))
    way.turn(20)
    way.analyse()
    way.deliver()
    way.send(series("still", 2))
    assert way.turn(60).state is StudyState.QUEUED
    way.analyse()
    way.deliver()
    assert (way.study.state, way.classifier.seen) == (StudyState.DELIVERED, 1)
    assert list(way.pacs.times.values()) == [1, 1]
    (reason,) = [reason for event, reason in way.history() if event == "objects_written"]
    assert reason.startswith("the earlier report of us-mass stands: there is nothing more to say")


def test_report_of_a_study_with_more_replaces_the_early_one(way: Way) -> None:
    way.send(series("sweep", 1))
    way.turn(20)
    way.analyse()
    way.deliver()
    way.send(series("sweep", 2, image=1))
    way.turn(60)  # the study is complete as soon as its second series is
    way.analyse()
    way.deliver()
    first, second = way.pacs.reports()
    assert way.study.state is StudyState.DELIVERED
    assert (predecessor_of(first), predecessor_of(second)) == ("", first.SOPInstanceUID)
    assert (way.classifier.seen, set(way.pacs.times.values())) == (2, {1})


def test_second_series_is_reported_with_the_first_and_replaces_its_report(way: Way) -> None:
    way.send(series("sweep", 1))
    way.turn(20)
    way.analyse()
    way.deliver()
    way.send(series("sweep", 2, image=1))
    way.turn(20)
    way.analyse()
    way.deliver()
    assert (way.study.state, way.study.revision) == (StudyState.RECEIVED, 3)
    way.turn(60)
    way.analyse()
    way.deliver()
    first, second = way.pacs.reports()
    assert predecessor_of(second) == first.SOPInstanceUID
    assert [len(a.result.scores) for a in way.analyses() if a.result] == [1, 2, 2]
    assert (way.study.state, way.classifier.seen) == (StudyState.DELIVERED, 2)


def test_second_series_waits_for_the_analysis_of_the_first(way: Way) -> None:
    way.send(series("sweep", 1))
    way.turn(20)
    way.send(series("sweep", 2, image=1))
    assert way.turn(20).revision == 2
    way.analyse()
    assert way.turn().revision == 3
    assert [len(analysis.series_instance_uids) for analysis in way.analyses()] == [1, 2]


def test_complete_study_waits_for_its_early_analysis_and_says_so(way: Way) -> None:
    way.send(series("sweep", 1))
    way.turn(20)
    way.turn(60)
    study = way.turn()
    assert (study.state, study.reason) == (
        StudyState.ASSEMBLED,
        "complete; waiting for the early analysis by us-mass to end",
    )
    assert [event for event, _ in way.history()].count("early_analysis_awaited") == 1
    way.analyse()
    assert way.turn().state is StudyState.QUEUED


def test_early_analysis_that_nobody_ends_holds_up_no_study_for_ever(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.send(series("sweep", 1))
    way.turn(20)
    assert way.turn(60).state is StudyState.ASSEMBLED
    monkeypatch.setattr(enqueuer, "EARLY_WAIT", timedelta())
    assert way.turn().state is StudyState.QUEUED
    early, of_study = messages(way.ledger, "inference.us-mass")
    way.worker.handle(of_study)
    way.deliver()
    way.worker.handle(early)  # comes back to life
    way.deliver()
    assert len(way.pacs.reports()) == 1
    assert way.study.state is StudyState.DELIVERED


def test_failed_early_analysis_is_told_and_the_study_goes_its_way(way: Way) -> None:
    way.send(series("sweep", 1))
    way.turn(20)
    (body,) = messages(way.ledger, "inference.us-mass")
    way.worker.give_up(body, "engine is gone")
    assert way.history()[-1][1] == "us-mass on the series of revision 1: failed: engine is gone"
    assert way.turn(1).revision == 2  # it is not tried early again
    way.turn(60)
    way.analyse()
    way.deliver()
    assert (way.study.state, len(way.pacs.reports())) == (StudyState.DELIVERED, 1)


def test_series_that_no_rule_for_series_matches_waits_for_its_study(way: Way) -> None:
    way.send(series("still", 1))
    assert way.turn(20).revision == 1
    assert way.analyses() == ()


def test_classifier_of_a_rule_for_studies_reads_all_images_in_the_end(
    ledger: Ledger, store: MemoryStore
) -> None:
    way = Way(ledger, store, SWEEPS, SWEEPS | {"name": "all", "when": {}, "level": "study"})
    way.send(series("sweep", 1), series("still", 2, image=1))
    way.turn(20)
    way.analyse()
    way.turn(60)
    way.analyse()
    assert way.classifier.seen == 2
    assert [analysis.series_instance_uids == () for analysis in way.analyses()] == [False, True]


def test_urgent_series_makes_its_study_urgent(ledger: Ledger, store: MemoryStore) -> None:
    way = Way(ledger, store, SWEEPS | {"priority": "urgent"})
    way.send(series("sweep", 1))
    assert way.turn(20).priority is Priority.URGENT
    assert len(messages(ledger, "inference.us-mass.urgent")) == 1


def test_late_series_of_a_reported_study_is_early_again_and_says_what_was_said(way: Way) -> None:
    way.send(series("sweep", 1))
    way.turn(60)
    way.analyse()
    way.deliver()
    way.send(series("sweep", 2, image=1))
    way.turn(20)
    way.analyse()
    way.deliver()
    assert (way.study.state, way.study.revision) == (StudyState.RECEIVED, 3)
    assert [len(a.result.scores) for a in way.analyses() if a.result] == [1, 2]
    first, second = way.pacs.reports()
    assert predecessor_of(second) == first.SOPInstanceUID


def test_late_image_of_a_series_that_was_read_waits_for_the_study(way: Way) -> None:
    way.send(series("sweep", 1))
    way.turn(20)
    way.analyse()
    way.deliver()
    way.send(series("sweep", 1, image=1))
    assert way.turn(20).revision == 2
    way.turn(60)
    way.analyse()
    way.deliver()
    assert len(way.pacs.reports()) == 2
    assert way.classifier.seen == 2


@pytest.mark.parametrize("crash_after", ["send", "queue", "analyse", "deliver", "complete"])
def test_crash_between_the_steps_loses_nothing_and_sends_nothing_twice(way: Way, crash_after: str) -> None:
    def step(name: str) -> None:
        if name == crash_after:
            way.restart()
            way.turn()

    way.send(series("sweep", 1), series("still", 2))
    step("send")
    way.turn(20)
    step("queue")
    way.analyse()
    step("analyse")
    way.deliver()
    step("deliver")
    way.turn(60)
    step("complete")
    way.analyse()
    way.deliver()
    assert (way.study.state, way.classifier.seen) == (StudyState.DELIVERED, 1)
    assert list(way.pacs.times.values()) == [1, 1]


def test_early_request_handled_twice_leaves_one_result(way: Way) -> None:
    way.send(series("sweep", 1))
    way.turn(20)
    (body,) = messages(way.ledger, "inference.us-mass")
    way.worker.handle(body)
    way.worker.handle(body)
    reports = messages(way.ledger, "report")
    for request in [*reports, *reports]:
        way.reporter.handle(request)
    assert (way.classifier.seen, len(reports)) == (1, 1)
    assert len(messages(way.ledger, "delivery.pacs")) == 1


def test_crash_within_the_queueing_leaves_nothing_of_it(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    way.send(series("sweep", 1))

    def crash(*_arguments: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as crashing, pytest.raises(KeyboardInterrupt):
        crashing.setattr(Outbox, "add", crash)
        way.turn(20)
    assert (way.analyses(), way.study.revision) == ((), 1)
    way.restart()
    way.turn()
    way.turn(20)
    assert [analysis.state for analysis in way.analyses()] == [AnalysisState.QUEUED]


def test_study_completed_meanwhile_gets_no_early_analysis(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    way.send(series("sweep", 1))
    routed = SeriesEnqueuer._route

    def meanwhile(*arguments: Any) -> Any:
        monkeypatch.undo()
        way.now += timedelta(seconds=60)
        way.assembler.assemble_complete()
        return routed(*arguments)

    monkeypatch.setattr(SeriesEnqueuer, "_route", meanwhile)
    way.turn(20)
    assert [analysis.early for analysis in way.analyses()] == [False]
