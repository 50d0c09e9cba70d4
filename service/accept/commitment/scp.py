"""Storage commitment as SCP, the request (PS3.4 J.3.2): may the peer delete what it has sent?

The request is durable before it is answered. What is told afterwards is the truth of the moment when it is
told (commitment_truth.py), on the same association (here) or on a new one (commitment_reporter.py).
"""

from datetime import UTC, datetime

import structlog
from pydicom.dataset import Dataset

from service.accept.association.answer import Answer, RequestRefused, ServiceStatus
from service.accept.association.command import CommandField
from service.accept.association.event_reports import EventReport
from service.accept.association.n_services import Handle, ServiceRequest
from service.accept.commitment.held import HeldCommitments
from service.accept.commitment.truth import CommitmentTruth, event_report
from service.dicom.encoded import referenced_instances
from service.dicom.identity import is_safe_uid
from service.dicom.values import text
from service.errors import NotDicom, Retryable
from service.net.storage_commitment import (
    REQUEST_STORAGE_COMMITMENT,
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
)
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.commitments import Reference

log = structlog.get_logger()


class CommitmentSCP:
    """Enters requests for storage commitment in the ledger and promises the peer its report."""

    def __init__(self, ledger: Ledger, truth: CommitmentTruth, held: HeldCommitments) -> None:
        self._ledger = ledger
        self._truth = truth
        self._held = held

    def handlers(self) -> dict[tuple[str, int], Handle]:
        """What it handles, for NServices."""
        return {(STORAGE_COMMITMENT, CommandField.N_ACTION): self.request}

    def request(self, request: ServiceRequest) -> Answer:
        """Keep a request. Raises RequestRefused, LedgerUnavailable."""
        if request.command.sop_instance_uid != STORAGE_COMMITMENT_INSTANCE:
            raise RequestRefused(
                ServiceStatus.NO_SUCH_SOP_INSTANCE, "the SOP Instance is not the well-known one"
            )
        if request.command.action_type_id != REQUEST_STORAGE_COMMITMENT:
            raise RequestRefused(ServiceStatus.NO_SUCH_ACTION, "the Action Type ID is not 1")
        transaction_uid = _transaction_uid(request.dataset)
        references = _references(request.dataset)
        with self._ledger.begin() as tx:
            commitment_id = tx.commitments.add(
                transaction_uid, request.calling_ae_title, references, datetime.now(UTC)
            )
            if request.owe is not None:
                # Before the commit, after which it would be told on a new association.
                self._held.hold(commitment_id)
        if request.owe is not None:
            request.owe(_OwedHere(commitment_id, self._ledger, self._truth, self._held))
        log.info(
            "storage commitment requested",
            calling_ae_title=request.calling_ae_title,
            instances=len(references),
        )
        return Answer(ServiceStatus.SUCCESS)


class _OwedHere:
    """The report on the association of the request."""

    def __init__(
        self, commitment_id: int, ledger: Ledger, truth: CommitmentTruth, held: HeldCommitments
    ) -> None:
        self._id = commitment_id
        self._ledger = ledger
        self._truth = truth
        self._held = held
        self._outcome = ""

    @property
    def is_expired(self) -> bool:
        """Whether it is told on a new association by now."""
        return not self._held.holds(self._id)

    def report(self) -> EventReport | None:
        """The truth, once it may be told."""
        try:
            with self._ledger.read() as tx:
                commitment = tx.commitments.find(self._id)
            failures = self._truth.failures(commitment) if commitment else None
        except Retryable:
            return None
        if commitment is None or failures is None:
            return None
        report, self._outcome = event_report(commitment, failures)
        return report

    def answered(self, status: int) -> None:
        """Enter the answer; a failure is tried again on a new association."""
        succeeded = status == ServiceStatus.SUCCESS
        outcome = self._outcome if succeeded else f"the peer answered the report with 0x{status:04X}"
        self._tried(outcome, datetime.now(UTC) if succeeded else None)

    def lost(self) -> None:
        """Leave it to a new association."""
        if self._outcome:
            self._tried("the association ended before the peer answered the report", None)
        else:
            self._held.release(self._id)

    def _tried(self, outcome: str, answered_at: datetime | None) -> None:
        try:
            with self._ledger.begin() as tx:
                tx.commitments.tried(self._id, outcome, answered_at)
        except Retryable as error:  # then it is told once more
            log.warning("the answer to a report could not be entered", reason=str(error))
        finally:
            self._held.release(self._id)


def _transaction_uid(ds: Dataset) -> str:
    uid = text(ds, "TransactionUID")
    if not is_safe_uid(uid):
        raise RequestRefused(
            ServiceStatus.INVALID_ARGUMENT_VALUE, "Transaction UID is absent or is not a UID"
        )
    return uid


def _references(ds: Dataset) -> list[Reference]:
    try:
        references = [Reference(*pair) for pair in referenced_instances(ds, "ReferencedSOPSequence")]
    except NotDicom as error:
        raise RequestRefused(ServiceStatus.INVALID_ARGUMENT_VALUE, str(error)) from None
    if not references:
        raise RequestRefused(ServiceStatus.INVALID_ARGUMENT_VALUE, "Referenced SOP Sequence has no item")
    return references
