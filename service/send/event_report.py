"""What comes on an association beside our answers: reports of storage commitment (PS3.4 J.3.3), A-ABORT."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pynetdicom.pdu import A_ABORT_RQ

from service.errors import Refused, Retryable
from service.net.storage_commitment import CommitmentReport, read_report

_SUCCESS, _INVALID_ARGUMENT_VALUE, _RESOURCE_LIMITATION = 0x0000, 0x0115, 0x0213
"""Answers to N-EVENT-REPORT (PS3.7 10.1.1.1.8)."""

OnReport = Callable[[CommitmentReport], None]
"""Takes a report. Raises Refused for one that is not ours, Retryable."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What pynetdicom's threads tell the one that uses the association."""

    owed: set[str] = field(default_factory=set)
    """Transaction UIDs that the PACS has yet to report, perhaps here."""
    aborted: threading.Event = field(default_factory=threading.Event)
    """The PACS has sent A-ABORT."""
    is_answering: threading.Event = field(default_factory=threading.Event)
    """A report has come, and our answer is not out yet: a request of ours would go out between."""


def on_pdu_received(event: Any, beside: Beside) -> None:
    """Handles EVT_PDU_RECV."""
    if isinstance(event.pdu, A_ABORT_RQ):
        beside.aborted.set()


def on_pdu_sent(_event: Any, beside: Beside) -> None:
    """Handles EVT_PDU_SENT: the answer fits into one PDU, and nothing else is sent meanwhile."""
    beside.is_answering.clear()


def on_event_report(event: Any, on_report: OnReport, beside: Beside) -> tuple[int, None]:
    """Handles EVT_N_EVENT_REPORT; the status that answers it. What is reported is not owed any more."""
    beside.is_answering.set()
    try:
        report = read_report(event.event_information)
        on_report(report)
    except Refused:
        return _INVALID_ARGUMENT_VALUE, None
    except Retryable:
        return _RESOURCE_LIMITATION, None
    beside.owed.discard(report.transaction_uid)
    return _SUCCESS, None


def nothing_asked(_report: CommitmentReport) -> None:
    """Takes reports where no commitment is asked for."""
    raise Refused("nothing was asked")
