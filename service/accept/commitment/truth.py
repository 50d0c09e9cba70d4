"""Storage commitment: what is true of instances, and how an N-EVENT-REPORT says it (PS3.4 J.3.3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from pydicom.dataset import Dataset

from service.accept.association.event_reports import EventReport
from service.net.storage_commitment import (
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    EventType,
    reference_item,
)
from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.tables.commitments import Commitment, Reference
from service.storage.store.port import InstanceStore

GRACE = timedelta(seconds=5)
"""An instance that was answered with Success is in the ledger a little later: time to appear there."""
LONGEST_GRACE = timedelta(minutes=10)
"""Time to appear there while instances are known to wait for it, as after the ledger was away."""


class FailureReason(IntEnum):
    """Failure Reason (0008,1197) (PS3.3 C.14.1.1)."""

    NO_SUCH_OBJECT_INSTANCE = 0x0112
    CLASS_INSTANCE_CONFLICT = 0x0119


@dataclass(frozen=True, slots=True)
class Failure:
    """An instance that is not committed."""

    reference: Reference
    reason: FailureReason


class CommitmentTruth:
    """Looks instances up: in the ledger with the class that is named, and their bytes in the store.

    `is_settling` tells whether received instances wait to be entered in the ledger.
    """

    def __init__(
        self,
        ledger: Ledger,
        store: InstanceStore,
        is_settling: Callable[[], bool] = lambda: False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._is_settling = is_settling
        self._now = now

    def failures(self, commitment: Commitment) -> list[Failure] | None:
        """What is not committed; None while that may yet change, within GRACE or LONGEST_GRACE of asking.

        Raises LedgerUnavailable, StoreUnavailable.
        """
        with self._ledger.read() as tx:
            reasons = [self._reason(tx, reference) for reference in commitment.references]
        failures = [
            Failure(reference, reason)
            for reference, reason in zip(commitment.references, reasons, strict=True)
            if reason is not None
        ]
        grace = LONGEST_GRACE if self._is_settling() else GRACE
        is_early = self._now() < commitment.requested_at + grace
        return None if failures and is_early else failures

    def _reason(self, tx: Transaction, reference: Reference) -> FailureReason | None:
        instance = tx.instances.find(reference.sop_instance_uid)
        if instance is None or not self._store.exists(instance.key):
            return FailureReason.NO_SUCH_OBJECT_INSTANCE
        if instance.sop_class_uid != reference.sop_class_uid:
            return FailureReason.CLASS_INSTANCE_CONFLICT
        return None


def event_report(commitment: Commitment, failures: Sequence[Failure]) -> tuple[EventReport, str]:
    """The report, and the same in words for a person."""
    failed = {failure.reference for failure in failures}
    committed = [reference for reference in commitment.references if reference not in failed]
    ds = Dataset()
    ds.TransactionUID = commitment.transaction_uid
    if committed:
        ds.ReferencedSOPSequence = [reference_item(reference) for reference in committed]
    if failures:
        ds.FailedSOPSequence = [_failed_item(failure) for failure in failures]
    event_type = EventType.FAILURES_EXIST if failures else EventType.ALL_COMMITTED
    report = EventReport(STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, event_type, ds)
    return report, f"reported {len(committed)} of {len(commitment.references)} instances as committed"


def _failed_item(failure: Failure) -> Dataset:
    item = reference_item(failure.reference)
    item.FailureReason = failure.reason
    return item
