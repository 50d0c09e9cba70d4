import json
from dataclasses import replace
from datetime import UTC, datetime

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.storage.ledger.steps.restore_study import restore_records
from service.storage.ledger.tables.analyses import Analysis
from service.storage.ledger.tables.deliveries import StoredObject
from service.storage.store.memory import MemoryStore
from service.storage.store.report_records import ReportRecord, keep_record, records_of
from service.study.model import Priority
from service.study.result import Lesion
from service.study.state import AnalysisState
from tests.factories import STUDY, received, result, score

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def stored(number: int, revision: int) -> StoredObject:
    uid = f"{STUDY}.9.{number}"
    return StoredObject(
        uid, STUDY, revision, "us-mass", "sr", "1.2.3", f"{STUDY}.9", f"objects/{uid}", NOW, "a fault"
    )


def record(revision: int = 1, *objects: int) -> ReportRecord:
    lesion = Lesion(((1.0, 2.0), (3.0, 4.0)), 5.0, None)
    scored = result(revision=revision, scores=(score(lesion=lesion, finds_lesions=True),))
    analysis = Analysis(
        study_instance_uid=STUDY,
        revision=revision,
        classifier="us-mass",
        state=AnalysisState.SCORED,
        reason="1 of 1 images scored",
        destinations=("pacs", "ris"),
        result=scored,
        queued_at=NOW,
        finished_at=NOW,
        series_instance_uids=("1.2", "1.3"),
        early=True,
        priority=Priority.URGENT,
        assume_body_part="BREAST",
        companion_study_instance_uid="1.9",
    )
    return ReportRecord(analysis, tuple(stored(number, revision) for number in objects))


def test_record_is_read_as_it_was_kept() -> None:
    store = MemoryStore()
    for one in (record(2, 1, 2), record(1, 1), record(10)):
        keep_record(store, one)
    assert list(records_of(store, STUDY)) == [record(1, 1), record(2, 1, 2), record(10)]
    assert list(records_of(store, "1.2.3")) == []


def test_record_that_cannot_be_read_hides_no_other() -> None:
    store = MemoryStore()
    keep_record(store, record())
    store.put(f"reports/{STUDY}/2-us-mass.json", b"{torn")
    store.put(f"reports/{STUDY}/3-us-mass.json", b'{"analysis": {}}')
    assert list(records_of(store, STUDY)) == [record()]


def test_what_a_newer_version_has_added_is_passed_over() -> None:
    store = MemoryStore()
    keep_record(store, record(1, 1))
    (key,) = store.keys("reports/")
    body = json.loads(store.get(key))
    body["analysis"]["mood"] = body["objects"][0]["colour"] = "blue"
    store.put(key, json.dumps(body).encode())
    assert list(records_of(store, STUDY)) == [record(1, 1)]


def test_restored_is_what_the_ledger_lacks(ledger: Ledger) -> None:
    record_received(ledger, received())
    with ledger.begin() as tx:
        assert restore_records(tx, [record(1, 1, 2), record(2, 2, 3)]) == [record(1, 1, 2), record(2, 2, 3)]
        assert restore_records(tx, [record(1, 1, 2), record(2, 2, 3)]) == []
        assert tx.analyses.find(STUDY, 2, "us-mass") == record(2).analysis
        # An object belongs to the last revision that has it, as when reports are entered.
        assert {one.sop_instance_uid[-1]: one.revision for one in tx.deliveries.objects_of(STUDY)} == {
            "1": 1,
            "2": 2,
            "3": 2,
        }


def test_analysis_without_a_result_gets_it(ledger: Ledger) -> None:
    record_received(ledger, received())
    with ledger.begin() as tx:
        tx.analyses.queue(STUDY, 1, "us-mass", ("pacs",))
        assert restore_records(tx, [record()]) == [record()]
        assert tx.analyses.find(STUDY, 1, "us-mass") == record().analysis
        unscored = ReportRecord(replace(record(2).analysis, result=None), ())
        assert restore_records(tx, [unscored]) == []
