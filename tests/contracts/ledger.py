"""What the ledger promises on every database."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import permutations

import pytest

from service.errors import ConflictingInstance, InvalidTransition, OutOfSpace
from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.questions.overdue import find_overdue, overdue_studies
from service.storage.ledger.steps.conflicts import Displaced
from service.storage.ledger.steps.receive import record_all, record_received, unless_entered
from service.storage.ledger.tables.commitment_requests import CommitmentRequest
from service.storage.ledger.tables.commitments import Reference
from service.storage.ledger.tables.deliveries import DeliveryState, Proof, StoredObject
from service.storage.ledger.tables.instances import Recorded
from service.storage.ledger.tables.leases import Lease
from service.study.messages import InferenceRequest, ReportRequest
from service.study.model import Priority, StudyHeader
from service.study.prior import PriorFetch, PriorsWanted
from service.study.procedure_step import ProcedureStep, ProcedureStepStatus
from service.study.state import AnalysisState, StudyEvent, StudyState
from service.study.waiting import WaitingStudy
from tests.contracts.opened import OnALedger
from tests.factories import STUDY, received, result


class LedgerContract(OnALedger):
    """Subclass with a fixture `ledger_url` that names an empty database."""

    def test_upgrade_changes_nothing_when_it_is_called_again(self, ledger: Ledger, ledger_url: str) -> None:
        record_received(ledger, received())
        ledger.upgrade()
        another = Ledger(ledger_url)  # another process: this one remembers that it is done
        another.upgrade()
        another.close()
        with ledger.read() as tx:
            assert tx.studies.find(STUDY) is not None

    def test_first_instance_makes_a_study_with_a_reason(self, ledger: Ledger) -> None:
        assert record_received(ledger, received()) is Recorded.NEW
        with ledger.read() as tx:
            study = tx.studies.find(STUDY)
        assert study is not None
        assert (study.state, study.revision, study.instance_count) == (StudyState.RECEIVED, 1, 1)
        assert "quiet period" in study.reason

    def test_instance_comes_back_as_it_was_entered(self, ledger: Ledger) -> None:
        instances = [received(called_ae_title="PREREAD_URGENT"), received()]
        for instance in instances:
            record_received(ledger, instance)
        with ledger.read() as tx:
            assert tx.instances.of_study(STUDY) == tuple(instances)

    def test_known_instance_changes_nothing(self, ledger: Ledger) -> None:
        instance = received()
        record_received(ledger, instance)
        _move(ledger, StudyEvent.STUDY_COMPLETE)
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

    def test_a_group_enters_what_is_new_and_returns_what_conflicts(self, ledger: Ledger) -> None:
        first, other_study = received(), received(study_instance_uid="1.9")
        record_received(ledger, first)
        conflicting = received(sop_instance_uid=first.sop_instance_uid, digest="ff" * 32)
        new = received()
        twice = received(sop_instance_uid=new.sop_instance_uid, digest="ee" * 32)
        now = datetime.now(UTC)

        returned = record_all(ledger, [conflicting, other_study, new, first, twice], now)

        assert [one.instance for one in returned] == [conflicting, twice]
        assert [one.entered for one in returned] == [first, new]
        with ledger.read() as tx:
            study, other = tx.studies.find(STUDY), tx.studies.find("1.9")
            entered = {instance.sop_instance_uid: instance for instance in tx.instances.of_study(STUDY)}
        assert study is not None
        assert other is not None
        assert (study.instance_count, other.instance_count) == (2, 1)
        assert entered == {first.sop_instance_uid: first, new.sop_instance_uid: new}

    def test_a_group_of_known_instances_changes_nothing(self, ledger: Ledger) -> None:
        instances = [received(), received()]
        record_all(ledger, instances, datetime.now(UTC))
        _move(ledger, StudyEvent.STUDY_COMPLETE)
        assert record_all(ledger, instances, datetime.now(UTC)) == []
        with ledger.read() as tx:
            study = tx.studies.find(STUDY)
        assert study is not None
        assert (study.state, study.revision, study.instance_count) == (StudyState.ASSEMBLED, 1, 2)

    def test_a_group_that_only_conflicts_leaves_no_empty_study(self, ledger: Ledger) -> None:
        instance = received()
        record_received(ledger, instance)
        stray = received(sop_instance_uid=instance.sop_instance_uid, study_instance_uid="1.9")
        (displaced,) = record_all(ledger, [stray], datetime.now(UTC))
        assert displaced.instance == stray
        with ledger.read() as tx:
            assert tx.studies.find("1.9") is None

    def test_known_uid_with_other_content_is_told_to_the_study_once(self, ledger: Ledger) -> None:
        first = received()
        second = received(sop_instance_uid=first.sop_instance_uid)
        for _ in range(2):
            record_all(ledger, [first, second], datetime.now(UTC))
        with ledger.read() as tx:
            events = [entry.event for entry in tx.studies.history(STUDY)]
            reason = tx.studies.history(STUDY)[-1].reason
            assert tx.studies.notes([STUDY, "1.9"], "image_quarantined") == {STUDY: 1}
        assert events == ["instance_received", "image_quarantined"]
        assert "1 image was quarantined: other content under a known UID" in reason

    def test_later_content_replaces_the_first_and_the_study_is_a_new_revision(self, ledger: Ledger) -> None:
        first = received()
        second = received(sop_instance_uid=first.sop_instance_uid)
        record_received(ledger, first)
        _move(ledger, StudyEvent.STUDY_COMPLETE)
        told: list[Displaced] = []
        now = datetime.now(UTC)
        (displaced,) = record_all(ledger, [second], now, replace=True, explain=told.append)
        assert (displaced.instance, displaced.entered, told) == (first, second, [displaced])
        with ledger.read() as tx:
            study = tx.studies.find(STUDY)
            assert tx.instances.of_study(STUDY) == (second,)
        assert study is not None
        assert (study.state, study.revision, study.instance_count) == (StudyState.RECEIVED, 2, 1)
        assert _waiting(ledger).last_instance_at == now

    def test_replacing_comes_to_the_same_in_whatever_order_it_is_done(self, ledger: Ledger) -> None:
        now = datetime.now(UTC)
        versions = [
            received(sop_instance_uid="1.4", received_at=now + timedelta(seconds=second))
            for second in range(3)
        ]
        last = versions[-1]
        for order in permutations(versions):
            displaced = record_all(ledger, order, now, replace=True)
            assert last not in [one.instance for one in displaced]
            with ledger.read() as tx:
                assert tx.instances.find("1.4") == last

    def test_content_that_comes_back_within_a_group_is_not_displaced(self, ledger: Ledger) -> None:
        now = datetime.now(UTC)
        first = received(received_at=now)
        second = received(sop_instance_uid=first.sop_instance_uid, received_at=now + timedelta(seconds=1))
        again = replace(first, received_at=now + timedelta(seconds=2))
        (displaced,) = record_all(ledger, [first, second, again], now, replace=True)
        assert (displaced.instance, displaced.entered) == (second, again)

    def test_instance_of_another_study_replaces_none(self, ledger: Ledger) -> None:
        first = received()
        record_received(ledger, first)
        stray = received(sop_instance_uid=first.sop_instance_uid, study_instance_uid="1.9")
        (displaced,) = record_all(ledger, [stray], datetime.now(UTC), replace=True)
        assert displaced.instance == stray
        assert "another study" in displaced.reason

    def test_what_explaining_raises_undoes_everything(self, ledger: Ledger) -> None:
        first = received()
        second = received(sop_instance_uid=first.sop_instance_uid)
        record_received(ledger, first)

        def explain(displaced: Displaced) -> None:
            raise OutOfSpace("the disk is full")

        with pytest.raises(OutOfSpace):
            record_all(ledger, [second, received()], datetime.now(UTC), replace=True, explain=explain)
        with ledger.read() as tx:
            assert tx.instances.of_study(STUDY) == (first,)

    def test_nothing_is_done_about_an_instance_that_is_entered(self, ledger: Ledger) -> None:
        first = received()
        record_received(ledger, first)
        other = received(sop_instance_uid=first.sop_instance_uid)
        done: list[str] = []
        for instance in (first, other, received()):
            unless_entered(ledger, instance, partial(done.append, instance.key))
        assert first.key not in done
        assert len(done) == 2

    def test_late_instance_reopens_a_study_as_a_new_revision(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        _move(ledger, StudyEvent.STUDY_COMPLETE, StudyEvent.NOTHING_TO_ANALYSE)
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

    def test_waiting_studies_are_those_that_receive_the_quietest_first(self, ledger: Ledger) -> None:
        now = datetime.now(UTC)
        record_received(ledger, received(study_instance_uid="1.3", received_at=now))
        record_received(ledger, received(study_instance_uid="1.4", received_at=now))
        record_received(ledger, received(received_at=now - timedelta(seconds=90)))
        with ledger.begin() as tx:
            tx.studies.move("1.4", StudyEvent.STUDY_COMPLETE, "complete")
        with ledger.read() as tx:
            waiting = tx.receiving.waiting()
        assert [one.study.study_instance_uid for one in waiting] == [STUDY, "1.3"]
        assert waiting[0].last_instance_at == now - timedelta(seconds=90)

    def test_each_revision_of_a_study_begins_with_its_own_first_instance(self, ledger: Ledger) -> None:
        before = datetime.now(UTC)
        record_received(ledger, received())
        first = _waiting(ledger)
        record_received(ledger, received())
        assert _waiting(ledger).began_at == first.began_at
        _move(ledger, StudyEvent.STUDY_COMPLETE)
        record_received(ledger, received())
        second = _waiting(ledger)
        assert before <= first.began_at < second.began_at
        assert (second.study.revision, second.study.instance_count) == (2, 3)

    def test_complete_series_closes_a_revision_and_the_ceiling_stays_where_it_was(
        self, ledger: Ledger
    ) -> None:
        record_received(ledger, received())
        first = _waiting(ledger)
        _move(ledger, StudyEvent.SERIES_COMPLETE)
        second = _waiting(ledger)
        assert (second.study.state, second.study.revision) == (StudyState.RECEIVED, 2)
        assert second.began_at == first.began_at

    def test_each_series_has_its_count_and_its_newest_instance(self, ledger: Ledger) -> None:
        now = datetime.now(UTC)
        newest = received(series_instance_uid="1.7", received_at=now)
        older = received(series_instance_uid="1.7", received_at=now - timedelta(seconds=1))
        alone = received(series_instance_uid="1.8")
        elsewhere = received(series_instance_uid="1.7", study_instance_uid="1.9")
        for instance in (newest, older, alone, elsewhere):
            record_received(ledger, instance)
        with ledger.read() as tx:
            found = {one.newest: one.count for one in tx.instances.series_of([STUDY])}
            assert len(tx.instances.series_of([STUDY, "1.9"])) == 3
        assert found == {newest: 2, alone: 1}

    def test_release_that_came_last_counts(self, ledger: Ledger) -> None:
        instance = received()
        record_received(ledger, instance)
        assert not _waiting(ledger).is_released
        late, early = instance.received_at + timedelta(seconds=9), instance.received_at
        for at in (late, early):
            with ledger.begin() as tx:
                tx.studies.association_released(STUDY, at)
                tx.studies.association_released("1.3", at)  # an unknown study changes nothing
        assert _waiting(ledger).released_at == late
        assert _waiting(ledger).is_released

    def test_waiting_study_knows_when_its_procedure_steps_last_changed(self, ledger: Ledger) -> None:
        now = datetime.now(UTC)
        record_received(ledger, received())
        assert _waiting(ledger).steps_changed_at is None
        for number in (1, 2):
            at = now + timedelta(seconds=number)
            step = ProcedureStep(f"1.9.{number}", STUDY, ProcedureStepStatus.IN_PROGRESS, (), "MG1", at)
            with ledger.begin() as tx:
                tx.procedure_steps.create(step)
        assert _waiting(ledger).steps_changed_at == now + timedelta(seconds=2)

    def test_explanation_changes_the_reason_of_a_waiting_study_alone(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        with ledger.begin() as tx:
            tx.studies.explain(STUDY, "waiting for views: R MLO")
        assert _waiting(ledger).study.reason == "waiting for views: R MLO"
        _move(ledger, StudyEvent.STUDY_COMPLETE)
        with ledger.begin() as tx:
            tx.studies.explain(STUDY, "too late")
        with ledger.read() as tx:
            study, history = tx.studies.find(STUDY), tx.studies.history(STUDY)
        assert study is not None
        assert study.reason == "test"
        assert len(history) == 2

    def test_parked_study_is_taken_back_by_an_instance(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        _move(ledger, StudyEvent.PARKED)
        with ledger.read() as tx:
            assert tx.receiving.waiting() == []
        record_received(ledger, received())
        assert _waiting(ledger).study.revision == 2

    def test_header_and_history_are_kept(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        header = StudyHeader(patient_name="張^小明", patient_id="7", modalities=("SR", "US"))
        with ledger.begin() as tx:
            tx.studies.describe(STUDY, header)
            tx.studies.set_priority(STUDY, Priority.URGENT)
            tx.studies.move(STUDY, StudyEvent.STUDY_COMPLETE, "complete")
        with ledger.read() as tx:
            study, history = tx.studies.find(STUDY), tx.studies.history(STUDY)
        assert study is not None
        assert (study.header, study.priority, study.reason) == (header, Priority.URGENT, "complete")
        assert [entry.event for entry in history] == ["instance_received", "study_complete"]

    def test_a_notice_is_there_until_its_source_clears_it(self, ledger: Ledger) -> None:
        first, later = datetime.now(UTC), datetime.now(UTC) + timedelta(seconds=5)
        with ledger.begin() as tx:
            tx.notices.put("accept@a/space", "low", first)
            tx.notices.put("accept@b/space", "low", later)
            tx.notices.put("accept@a/space", "lower", later)
        with ledger.begin() as tx:
            assert [(n.source, n.text, n.since) for n in tx.notices.all()] == [
                ("accept@a/space", "lower", first),
                ("accept@b/space", "low", later),
            ]
            tx.notices.clear("accept@a/space")
            tx.notices.clear("accept@c/space")
        with ledger.read() as tx:
            assert [notice.source for notice in tx.notices.all()] == ["accept@b/space"]

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

    def test_early_analyses_are_in_work_until_they_end(self, ledger: Ledger) -> None:
        before = datetime.now(UTC)
        record_received(ledger, received())
        with ledger.begin() as tx:
            tx.analyses.queue(STUDY, 1, "early", (), ("1.7",), early=True)
            tx.analyses.queue(STUDY, 1, "of-study", ())
        with ledger.begin() as tx:
            analysis = tx.analyses.find(STUDY, 1, "early")
            assert analysis is not None
            assert (analysis.early, analysis.series_instance_uids) == (True, ("1.7",))
            assert tx.analyses.early_in_work(STUDY, before) == ("early",)
            assert tx.analyses.early_in_work(STUDY, datetime.now(UTC)) == ()
            tx.analyses.finish(STUDY, 1, "early", AnalysisState.FAILED, "test")
            assert tx.analyses.early_in_work(STUDY, before) == ()

    def test_waiting_analyses_become_urgent_but_for_one_that_is_begun(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        with ledger.begin() as tx:
            for name in ("begun", "given-back", "waiting"):
                tx.analyses.queue(STUDY, 1, name, (), assume_body_part="BREAST")
            tx.leases.take(STUDY, 1, InferenceRequest(STUDY, 1, "begun").work)
            back = tx.leases.take(STUDY, 1, InferenceRequest(STUDY, 1, "given-back").work)
            tx.leases.release(back, "the GPU was away", strike=False)
        with ledger.begin() as tx:
            found = tx.analyses.make_urgent(STUDY, 1)
            assert [(one.classifier, one.priority) for one in found] == [
                ("given-back", Priority.URGENT),
                ("waiting", Priority.URGENT),
            ]
            overtaken = [tx.analyses.is_overtaken(STUDY, 1, name) for name in ("begun", "waiting", "unknown")]
            assert overtaken == [False, True, False]
            assert tx.analyses.make_urgent(STUDY, 1) == ()

    def test_overdue_studies_are_those_at_work_whose_last_image_came_long_ago(self, ledger: Ledger) -> None:
        now = datetime.now(UTC)
        for uid, hours in (("1.1", 3), ("1.2", 2), ("1.3", 0), ("1.4", 4)):
            record_received(
                ledger, received(study_instance_uid=uid, received_at=now - timedelta(hours=hours))
            )
        with ledger.begin() as tx:
            tx.studies.move("1.4", StudyEvent.GAVE_UP, "broken")
        with ledger.read() as tx:
            found = find_overdue(tx, now - timedelta(hours=1))
            listed = overdue_studies(tx, now - timedelta(hours=1), 10)
            assert find_overdue(tx, now - timedelta(hours=5)) is None
        assert found is not None
        assert (found.count, found.oldest.study_instance_uid) == (2, "1.1")
        assert found.since == now - timedelta(hours=3)
        assert [study.study_instance_uid for study in listed] == ["1.1", "1.2"]

    def test_last_scores_are_kept_when_a_later_analysis_fails(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        with ledger.begin() as tx:
            for revision, state in ((1, AnalysisState.SCORED), (2, AnalysisState.FAILED)):
                tx.analyses.queue(STUDY, revision, "us-mass", ())
                found = result() if state is AnalysisState.SCORED else None
                tx.analyses.finish(STUDY, revision, "us-mass", state, "test", found)
            assert tx.analyses.last_result(STUDY, "us-mass") == result()

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

    def test_sent_object_is_neither_waiting_nor_delivered(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        with ledger.begin() as tx:
            _deliver(tx, DeliveryState.SENT, Proof.NONE)
        with ledger.read() as tx:
            assert tx.deliveries.waiting(STUDY, 1, "pacs") == ()
            assert [one.sop_instance_uid for one in tx.deliveries.sent(STUDY, 1, "pacs")] == ["1.5"]

    def test_sent_object_that_the_destination_does_not_hold_waits_again(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        with ledger.begin() as tx:
            _deliver(tx, DeliveryState.SENT, Proof.NONE)
            tx.deliveries.take_back("1.5", "pacs", "it is gone")
        with ledger.read() as tx:
            (delivery,) = tx.deliveries.of_study(STUDY, 1)
        assert (delivery.state, delivery.detail) == (DeliveryState.WAITING, "it is gone")

    def test_delivered_object_stays_so_with_its_strongest_proof(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        with ledger.begin() as tx:
            _deliver(tx, DeliveryState.DELIVERED, Proof.QUERY)
            tx.deliveries.mark("1.5", "pacs", DeliveryState.DELIVERED, Proof.COMMITMENT, "committed")
            tx.deliveries.mark("1.5", "pacs", DeliveryState.DELIVERED, Proof.STORE_STATUS, "stored")
            tx.deliveries.mark("1.5", "pacs", DeliveryState.SENT, Proof.NONE, "stored")
            tx.deliveries.take_back("1.5", "pacs", "it is gone")
        with ledger.read() as tx:
            (delivery,) = tx.deliveries.of_study(STUDY, 1)
        assert (delivery.state, delivery.proof) == (DeliveryState.DELIVERED, Proof.COMMITMENT)
        assert delivery.detail == "committed"

    def test_commitment_request_is_found_by_its_transaction_and_by_its_study(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        at = datetime.now(UTC)
        first = CommitmentRequest("2.25.1", STUDY, 1, "pacs", (Reference("1.2.3", "1.5"),), at)
        second = replace(first, transaction_uid="2.25.2", requested_at=at + timedelta(seconds=1))
        with ledger.begin() as tx:
            tx.commitment_requests.add(first)
            tx.commitment_requests.add(second)
            tx.commitment_requests.end("2.25.1", at, "refused")
        with ledger.read() as tx:
            ended = tx.commitment_requests.find("2.25.1")
            assert tx.commitment_requests.find("2.25.3") is None
            assert tx.commitment_requests.of(STUDY, 1, "pacs") == (second, ended)
            assert tx.commitment_requests.of(STUDY, 1, "other") == ()
        assert ended == replace(first, ended_at=at, reason="refused")
        assert second.names("1.5") and not second.names("1.6")

    def test_what_was_given_up_counts_while_its_revision_stands(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        with ledger.begin() as tx:
            assert tx.leases.count_given_up() == (0, None)
            for work in ("report", "delivery.pacs"):
                tx.leases.bury(tx.leases.take(STUDY, 1, work), "broken")
            count, first = tx.leases.count_given_up()
            assert (count, first) == (2, min(one.dead_at for one in tx.leases.given_up()))
            tx.leases.forget_dead(STUDY, 1, "report")
            assert tx.leases.count_given_up()[0] == 1
            tx.studies.move(STUDY, StudyEvent.SERIES_COMPLETE, "a new revision")
            assert tx.leases.count_given_up() == (0, None)

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

    def test_priors_that_are_asked_for_are_claimed_once_the_most_urgent_first(self, ledger: Ledger) -> None:
        now = datetime.now(UTC)
        wanted = PriorsWanted(2, 5, ("MG",))
        with ledger.begin() as tx:
            for uid, seconds in (("1.1", 60), ("1.2", 30), ("1.3", -1)):
                tx.studies.ensure(received(study_instance_uid=uid))
                tx.priors.ask(PriorFetch(uid, wanted, now + timedelta(seconds=seconds)))
        claimed = []
        for _ in range(3):
            with ledger.begin() as tx:
                claimed.append(tx.priors.claim(now))
        assert [one and (one.study_instance_uid, one.wanted) for one in claimed] == [
            ("1.2", wanted),
            ("1.1", wanted),
            None,
        ]

    def test_prior_is_known_before_it_comes_and_for_one_study(self, ledger: Ledger) -> None:
        with ledger.begin() as tx:
            tx.priors.mark("1.1", STUDY)
            tx.priors.mark("1.1", "1.9")
            assert (tx.priors.prior_of("1.1"), tx.priors.prior_of("1.2")) == (STUDY, "")
            tx.priors.unmark("1.1")
            assert tx.priors.prior_of("1.1") == ""

    def test_lease_is_held_until_somebody_else_begins_the_work(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        first = _lease(ledger)
        with ledger.begin() as tx:
            assert tx.leases.holds(first)
        second = _lease(ledger)
        with ledger.begin() as tx:
            assert (tx.leases.holds(first), tx.leases.holds(second)) == (False, True)
            assert not tx.leases.release(first, "too late", strike=True)
            assert not tx.leases.bury(first, "too late")
        assert (first.strikes, second.strikes, second.since) == (0, 1, first.since)
        assert _lease(ledger).reason == ""

    def test_lease_that_was_given_back_counts_a_strike_only_where_it_is_said(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        for strike, expected in ((False, 0), (True, 1), (False, 1)):
            lease = _lease(ledger)
            with ledger.begin() as tx:
                assert tx.leases.release(lease, "the PACS is away", strike=strike)
            with ledger.begin() as tx:
                again = tx.leases.take(STUDY, 1, "report")
                assert (again.strikes, again.reason) == (expected, "the PACS is away")
                tx.leases.release(again, "the PACS is away", strike=False)

    def test_work_on_another_revision_or_of_another_kind_has_a_lease_of_its_own(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        with ledger.begin() as tx:
            leases = [tx.leases.take(STUDY, *one) for one in ((1, "report"), (2, "report"), (1, "other"))]
            assert all(tx.leases.holds(lease) for lease in leases)

    def test_work_on_an_unknown_study_cannot_be_begun(self, ledger: Ledger) -> None:
        with pytest.raises(KeyError), ledger.begin() as tx:
            tx.leases.take("1.999", 1, "report")

    def test_work_that_was_given_up_is_listed_until_it_is_asked_for_anew_or_forgotten(
        self, ledger: Ledger
    ) -> None:
        record_received(ledger, received())
        with ledger.begin() as tx:
            assert tx.leases.bury(tx.leases.take(STUDY, 1, "report"), "no room")
            assert tx.leases.bury(tx.leases.take(STUDY, 1, "delivery.pacs"), "turned away")
        with ledger.read() as tx:
            given_up = {one.work: one.reason for one in tx.leases.given_up(STUDY)}
            assert given_up == {"report": "no room", "delivery.pacs": "turned away"}
        with ledger.begin() as tx:
            tx.outbox.add(ReportRequest(STUDY, 1))
            tx.leases.forget_dead(STUDY, 1, "delivery.pacs")
            assert tx.leases.given_up() == ()
            assert tx.leases.find_given_up(STUDY, 1, "report") is None

    def test_what_was_given_up_on_an_earlier_revision_is_not_listed(self, ledger: Ledger) -> None:
        record_received(ledger, received())
        _move(ledger, StudyEvent.SERIES_COMPLETE)
        with ledger.begin() as tx:
            tx.leases.bury(tx.leases.take(STUDY, 1, "report"), "no room")
            assert tx.leases.given_up() == ()
            assert tx.leases.find_given_up(STUDY, 1, "report") is not None

    def test_who_is_asked_for_the_lease_waits_for_who_is_entering_the_result(self, ledger: Ledger) -> None:
        """The fence and the entry are one transaction: nobody slips in between."""
        record_received(ledger, received())
        lease = _lease(ledger)
        taken = threading.Event()

        def take() -> None:
            _lease(ledger)
            taken.set()

        with ledger.begin() as tx:
            assert tx.leases.holds(lease)
            thread = threading.Thread(target=take)
            thread.start()
            assert not taken.wait(0.3)
            tx.studies.note(STUDY, "test", "still ours")
        thread.join()
        assert taken.is_set()


def _lease(ledger: Ledger) -> Lease:
    with ledger.begin() as tx:
        return tx.leases.take(STUDY, 1, "report")


def _move(ledger: Ledger, *events: StudyEvent) -> None:
    with ledger.begin() as tx:
        for event in events:
            tx.studies.move(STUDY, event, "test")


def _waiting(ledger: Ledger) -> WaitingStudy:
    with ledger.read() as tx:
        (waiting,) = tx.receiving.waiting()
    return waiting


def _deliver(tx: Transaction, state: DeliveryState, proof: Proof) -> None:
    tx.deliveries.add_object(_stored(revision=1))
    tx.deliveries.add(_stored(revision=1), "pacs")
    tx.deliveries.mark("1.5", "pacs", state, proof, "test")


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
