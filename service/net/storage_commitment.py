"""Storage Commitment Push Model (PS3.4 annex J): its UIDs, and what a report of a destination says."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from pydicom.dataset import Dataset

from service.dicom.encoded import referenced_instances, sequence_items
from service.dicom.identity import is_safe_uid
from service.dicom.values import integer, text
from service.errors import NotDicom
from service.storage.ledger.tables.commitments import Reference

STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"
STORAGE_COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
"""Its well-known SOP Instance (PS3.4 J.3.5)."""
REQUEST_STORAGE_COMMITMENT = 1
"""Action Type ID (PS3.4 table J.3-1)."""
FAILURE_REASONS = {
    0x0110: "processing failure: its log says why",
    0x0112: "it does not have the object",
    0x0119: "it has the object with another SOP Class",
    0x0122: "it does not keep this SOP Class",
    0x0131: "it has seen this Transaction UID before",
    0x0213: "it is out of resources: check its disk",
}
"""Failure Reason (0008,1197) (PS3.3 C.14.1.1)."""


class EventType(IntEnum):
    """Event Type ID (PS3.4 table J.3-2)."""

    ALL_COMMITTED = 1
    FAILURES_EXIST = 2


@dataclass(frozen=True, slots=True)
class CommitmentReport:
    """What an N-EVENT-REPORT says: SOP Instance UIDs that are kept, and those that are not and why."""

    transaction_uid: str
    committed: frozenset[str]
    failed: dict[str, str]


def action_information(transaction_uid: str, references: Iterable[Reference]) -> Dataset:
    """What an N-ACTION asks for."""
    ds = Dataset()
    ds.TransactionUID = transaction_uid
    ds.ReferencedSOPSequence = [reference_item(reference) for reference in references]
    return ds


def reference_item(reference: Reference) -> Dataset:
    """One item of a sequence of references."""
    item = Dataset()
    item.ReferencedSOPClassUID = reference.sop_class_uid
    item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    return item


def read_report(ds: Dataset) -> CommitmentReport:
    """The report in Event Information. Raises NotDicom where it names no transaction or no instances.

    What stands in both lists is not committed.
    """
    transaction_uid = text(ds, "TransactionUID")
    if not is_safe_uid(transaction_uid):
        raise NotDicom("Transaction UID is absent or is not a UID")
    named = {uid for _, uid in referenced_instances(ds, "ReferencedSOPSequence")}
    pairs = referenced_instances(ds, "FailedSOPSequence")
    items = sequence_items(ds, "FailedSOPSequence")
    failed = {
        uid: _explain(integer(item, "FailureReason")) for (_, uid), item in zip(pairs, items, strict=True)
    }
    return CommitmentReport(transaction_uid, frozenset(named - failed.keys()), failed)


def _explain(reason: int | None) -> str:
    if reason is None:
        return "it gives no reason"
    return f"{FAILURE_REASONS.get(reason, 'its log says why')} (Failure Reason 0x{reason:04X})"
