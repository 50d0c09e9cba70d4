"""What the ledger promises about procedure steps and requests for commitment, on every database."""

from datetime import UTC, datetime, timedelta

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.commitments import Reference
from service.study.procedure_step import ProcedureStep, ProcedureStepStatus
from tests.contracts.opened import OnALedger

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
STEP = ProcedureStep("1.7", "1.2", ProcedureStepStatus.IN_PROGRESS, (), "US1", NOW)
REFERENCES = (Reference("1.5", "1.5.1"), Reference("1.5", "1.5.2"))


class ModalityTablesContract(OnALedger):
    """Subclass with a fixture `ledger_url` that names an empty database."""

    def test_step_is_entered_before_its_study(self, ledger: Ledger) -> None:
        with ledger.begin() as tx:
            assert tx.procedure_steps.create(STEP)
        with ledger.read() as tx:
            assert tx.procedure_steps.find("1.7") == STEP
            assert tx.procedure_steps.of_study("1.2") == [STEP]
            assert tx.procedure_steps.find("1.8") is None
            assert tx.procedure_steps.of_study("1.3") == []

    def test_second_step_with_a_uid_changes_nothing(self, ledger: Ledger) -> None:
        other = ProcedureStep("1.7", "1.3", ProcedureStepStatus.IN_PROGRESS, (), "US2", NOW)
        with ledger.begin() as tx:
            assert tx.procedure_steps.create(STEP)
            assert not tx.procedure_steps.create(other)
            assert tx.procedure_steps.lock("1.7") == STEP

    def test_step_that_ends_names_its_instances(self, ledger: Ledger) -> None:
        later = NOW + timedelta(minutes=20)
        with ledger.begin() as tx:
            tx.procedure_steps.create(STEP)
            tx.procedure_steps.set("1.7", ProcedureStepStatus.COMPLETED, ("1.5.1", "1.5.2"), later)
        with ledger.read() as tx:
            (step,) = tx.procedure_steps.of_study("1.2")
        assert (step.status, step.updated_at) == (ProcedureStepStatus.COMPLETED, later)
        assert step.status.is_final
        assert step.instance_uids == ("1.5.1", "1.5.2")

    def test_request_for_commitment_is_kept_as_it_came(self, ledger: Ledger) -> None:
        with ledger.begin() as tx:
            number = tx.commitments.add("1.9", "US1", REFERENCES, NOW)
        with ledger.read() as tx:
            commitment = tx.commitments.find(number)
            assert tx.commitments.find(number + 1) is None
        assert commitment is not None
        assert (commitment.transaction_uid, commitment.calling_ae_title) == ("1.9", "US1")
        assert (commitment.references, commitment.requested_at) == (REFERENCES, NOW)
        assert (commitment.answered_at, commitment.attempts) == (None, 0)

    def test_unanswered_requests_are_found_until_they_are_too_old(self, ledger: Ledger) -> None:
        with ledger.begin() as tx:
            old = tx.commitments.add("1.9", "US1", REFERENCES, NOW - timedelta(hours=2))
            young = tx.commitments.add("1.10", "US1", REFERENCES, NOW)
            answered = tx.commitments.add("1.11", "US1", REFERENCES, NOW)
            tx.commitments.tried(answered, "reported 2 of 2", NOW)
            assert tx.commitments.unanswered(NOW - timedelta(hours=1)) == [young]
            assert tx.commitments.unanswered(NOW - timedelta(hours=3)) == [old, young]

    def test_attempts_are_counted_until_one_is_answered(self, ledger: Ledger) -> None:
        with ledger.begin() as tx:
            number = tx.commitments.add("1.9", "US1", REFERENCES, NOW)
            tx.commitments.tried(number, "not reached")
            tx.commitments.tried(number, "reported 2 of 2", NOW)
            tx.commitments.tried(number, "an attempt that comes too late")
            commitment = tx.commitments.find(number)
        assert commitment is not None
        assert (commitment.attempts, commitment.reason) == (2, "reported 2 of 2")
        assert commitment.answered_at == NOW
