"""Storage commitment by the demonstration's PACS: it reports at once, on the association that asked."""

import threading
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from pydicom.dataset import Dataset

from service.net.storage_commitment import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, EventType

NO_SUCH_OBJECT_INSTANCE = 0x0112
_AFTER_ANSWER_S = 0.1
"""The answer to the request goes out before the report."""


def promise_report(event: Any, held: Collection[str]) -> tuple[int, None]:
    """Handles EVT_N_ACTION; `held` are the SOP Instance UIDs that are kept."""
    report = _report(event.action_information, held)
    threading.Timer(_AFTER_ANSWER_S, _send, [event.assoc, report]).start()
    return 0x0000, None


def _report(asked: Dataset, held: Collection[str]) -> Dataset:
    report = Dataset()
    report.TransactionUID = asked.TransactionUID
    committed = [item for item in asked.ReferencedSOPSequence if item.ReferencedSOPInstanceUID in held]
    failed = [item for item in asked.ReferencedSOPSequence if item.ReferencedSOPInstanceUID not in held]
    for item in failed:
        item.FailureReason = NO_SUCH_OBJECT_INSTANCE
    if committed:
        report.ReferencedSOPSequence = committed
    if failed:
        report.FailedSOPSequence = failed
    return report


def _send(assoc: Any, report: Dataset) -> None:
    failed = "FailedSOPSequence" in report
    event_type = EventType.FAILURES_EXIST if failed else EventType.ALL_COMMITTED
    with suppress(RuntimeError, ValueError):  # pynetdicom's words for an association that has ended
        assoc.send_n_event_report(report, event_type, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE)
