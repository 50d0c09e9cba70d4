"""What the ledger promises on every database."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from service.errors import ConflictingInstance, InvalidTransition
from service.storage.deliveries import DeliveryState, Proof, StoredObject
from service.storage.instances import Recorded
from service.storage.ledger import Ledger
from service.storage.receive import record_received
from service.study.messages import InferenceRequest, ReportRequest
from service.study.model import Priority, StudyHeader
from service.study.state import AnalysisState, StudyEvent, StudyState
from tests.factories import STUDY, received, result


class LedgerContract:
    """Subclass with a fixture `ledger_url` that names an empty database."""

    @pytest.fixture
    def ledger(self, ledger_url: str) -> Iterator[Ledger]:
        ledger = Ledger(ledger_url)
        ledger.upgrade()
        yield ledger
        ledger.close()

    def test_upgrade_changes_nothing_when_it_is_called_again(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        ledger.upgrade()
        with ledger.read() as tx:
            assert tx.studies.find(STUDY) is not None

    def test_first_instance_makes_a_study_with_a_reason(self, ledger: Ledger) -> None:
        assert record_received(ledger, received()) is Recorded.NEW
        with ledger.read() as tx:
            study = tx.studies.find(STUDY)
        assert study is not None
        assert (study.state, study.revision, study.instance_count) == (StudyState.RECEIVED, 1, 1)
        assert "quiet period" in study.reason

    def test_known_instance_changes_nothing(self, ledger: Ledger) -> None:
        instance = received()
        record_received(ledger, instance)
        _move(ledger, StudyEvent.QUIET_PERIOD_OVER)
        assert record_received(ledger, instance) is Recorded.KNOWN
        with ledger.read() as tx:
            study = tx.studies.find(STUDY)
        assert study is not None
        assert (study.state, study.revision, study.instance_count) == (StudyState.ASSEMBLED, 1, 1)

    def test_other_bytes_under_a_known_uid_are_a_conflict(self, ledger: Ledger) -> None:
        instance = received()
        record_received(ledger, instance)
        with pytest.raises(ConflictingInstance, match="first one is kept"):
            record_received(ledger, received(sop_instance_uid=instance.sop_instance_uid, digest="ff" * 32))
        with ledger.read() as tx:
            assert tx.instances.find(instance.sop_instance_uid) == instance

    def test_instance_of_another_study_under_a_known_uid_leaves_no_empty_study(self, ledger: Ledger) -> None:
        instance = received()
        record_received(ledger, instance)
        with pytest.raises(ConflictingInstance):
            record_received(
                ledger,
                received(
                    sop_instance_uid=instance.sop_instance_uid,
                    digest=instance.digest,
                    study_instance_uid="1.9",
                ),
            )
        with ledger.read() as tx:
            assert tx.studies.find("1.9") is None

    def test_late_instance_reopens_a_study_as_a_new_revision(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        _move(ledger, StudyEvent.QUIET_PERIOD_OVER, StudyEvent.NOTHING_TO_ANALYSE)
        record_received(ledger, received())
        with ledger.read() as tx:
            study = tx.studies.find(STUDY)
        assert study is not None
        assert (study.state, study.revision, study.instance_count) == (StudyState.RECEIVED, 2, 2)

    def test_unknown_event_raises_and_changes_nothing(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        with pytest.raises(InvalidTransition, match="ALL_DELIVERED is not valid in RECEIVED"):
            _move(ledger, StudyEvent.ALL_DELIVERED)
        with ledger.read() as tx:
            assert [entry.state for entry in tx.studies.history(STUDY)] == [StudyState.RECEIVED]

    def test_only_quiet_studies_are_found(self, ledger: Ledger) -> None:
        now = datetime.now(UTC)
        record_received(ledger, received(received_at=now - timedelta(seconds=90)))
        record_received(ledger, received(study_instance_uid="1.3", received_at=now))
        with ledger.read() as tx:
            quiet = tx.studies.quiet_since(now - timedelta(seconds=60))
        assert [study.study_instance_uid for study in quiet] == [STUDY]

    def test_header_and_history_are_kept(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        header = StudyHeader(patient_name="張^小明", patient_id="7", modalities=("SR", "US"))
        with ledger.begin() as tx:
            tx.studies.describe(STUDY, header)
            tx.studies.set_priority(STUDY, Priority.URGENT)
            tx.studies.move(STUDY, StudyEvent.QUIET_PERIOD_OVER, "complete")
        with ledger.read() as tx:
            study, history = tx.studies.find(STUDY), tx.studies.history(STUDY)
        assert study is not None
        assert (study.header, study.priority, study.reason) == (header, Priority.URGENT, "complete")
        assert [entry.event for entry in history] == ["instance_received", "quiet_period_over"]

    def test_analysis_ends_once(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        with ledger.begin() as tx:
            tx.analyses.queue(STUDY, 1, "us-mass", ("pacs",))
        with ledger.begin() as tx:
            first = tx.analyses.finish(STUDY, 1, "us-mass", AnalysisState.SCORED, "done", result())
            again = tx.analyses.finish(STUDY, 1, "us-mass", AnalysisState.FAILED, "late")
        with ledger.read() as tx:
            (analysis,) = tx.analyses.of_study(STUDY, 1)
        assert (first, again) == (True, False)
        assert (analysis.state, analysis.result, analysis.destinations) == (
            AnalysisState.SCORED,
            result(),
            ("pacs",),
        )

    def test_object_made_alike_by_a_later_revision_stays_delivered(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        with ledger.begin() as tx:
            tx.deliveries.add_object(_stored(revision=1))
            tx.deliveries.add(_stored(revision=1), "pacs")
            tx.deliveries.mark("1.5", "pacs", DeliveryState.DELIVERED, Proof.STORE_STATUS, "0x0000")
            tx.deliveries.add_object(_stored(revision=2))
            tx.deliveries.add(_stored(revision=2), "pacs")
        with ledger.read() as tx:
            (delivery,) = tx.deliveries.of_study(STUDY, 2)
            assert tx.deliveries.waiting(STUDY, 2, "pacs") == ()
            assert [stored.revision for stored in tx.deliveries.objects_of(STUDY)] == [2]
        assert (delivery.state, delivery.proof) == (DeliveryState.DELIVERED, Proof.STORE_STATUS)

    def test_rejected_object_waits_again_when_its_study_is_reported_again(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        with ledger.begin() as tx:
            tx.deliveries.add_object(_stored(revision=1))
            tx.deliveries.add(_stored(revision=1), "pacs")
            tx.deliveries.mark("1.5", "pacs", DeliveryState.REJECTED, Proof.NONE, "0xC000")
            tx.deliveries.add(_stored(revision=1), "pacs")
        with ledger.read() as tx:
            assert len(tx.deliveries.waiting(STUDY, 1, "pacs")) == 1

    def test_rolled_back_transaction_sends_no_message(self, ledger: Ledger) -> None:
        with pytest.raises(RuntimeError), ledger.begin() as tx:
            tx.outbox.add(ReportRequest(STUDY, 1))
            raise RuntimeError
        with ledger.begin() as tx:
            assert tx.outbox.claim(None, 10, "me", 0.0, 60.0) == []

    def test_claim_takes_earlier_named_queues_first(self, ledger: Ledger) -> None:
        with ledger.begin() as tx:
            tx.outbox.add(InferenceRequest(STUDY, 1, "us-mass"))
            tx.outbox.add(InferenceRequest(STUDY, 1, "us-mass", Priority.URGENT))
            queues = ["inference.us-mass.urgent", "inference.us-mass"]
            rows = tx.outbox.claim(queues, 10, "me", 0.0, 60.0)
        assert [row.queue for row in rows] == queues

    def test_claimed_row_is_nobody_elses_until_its_lease_runs_out(self, ledger: Ledger) -> None:
        with ledger.begin() as tx:
            tx.outbox.add(ReportRequest(STUDY, 1))
            (row,) = tx.outbox.claim(None, 10, "me", now_s=100.0, lease_s=60.0)
            assert tx.outbox.claim(None, 10, "you", now_s=159.0, lease_s=60.0) == []
            (taken,) = tx.outbox.claim(None, 10, "you", now_s=161.0, lease_s=60.0)
            tx.outbox.delete([row.id], "me")
            assert (taken.id, taken.attempts) == (row.id, 2)
            assert len(tx.outbox.claim(None, 10, "you", now_s=300.0, lease_s=60.0)) == 1

    def test_two_workers_never_claim_the_same_row(self, ledger: Ledger) -> None:
        with ledger.begin() as tx:
            for number in range(40):
                tx.outbox.add(ReportRequest(STUDY, number))
        claimed: list[int] = []

        def work(owner: str) -> None:
            for _ in range(20):
                with ledger.begin() as tx:
                    claimed.extend(row.id for row in tx.outbox.claim(None, 1, owner, 0.0, 60.0))

        threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b", "c")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(claimed) == len(set(claimed)) == 40

    def test_many_threads_record_one_study_completely(self, ledger: Ledger) -> None:
        instances = [received() for _ in range(24)]
        threads = [
            threading.Thread(target=lambda part=part: [record_received(ledger, i) for i in part])
            for part in (instances[:12], instances[12:], instances[6:18])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with ledger.read() as tx:
            study = tx.studies.find(STUDY)
            assert study is not None
            assert study.instance_count == len(tx.instances.of_study(STUDY)) == 24


def _move(ledger: Ledger, *events: StudyEvent) -> None:
    with ledger.begin() as tx:
        for event in events:
            tx.studies.move(STUDY, event, "test")


def _stored(revision: int) -> StoredObject:
    return StoredObject(
        sop_instance_uid="1.5",
        study_instance_uid=STUDY,
        revision=revision,
        classifier="us-mass",
        kind="heatmap",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.7",
        series_instance_uid="1.4",
        key="objects/1.5.dcm",
        created_at=datetime.now(UTC),
    )
