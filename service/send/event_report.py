"""A report of storage commitment on the association of its request (PS3.4 J.3.3)."""

from collections.abc import Callable
from typing import Any

from service.errors import Refused, Retryable
from service.net.storage_commitment import CommitmentReport, read_report

_SUCCESS, _INVALID_ARGUMENT_VALUE, _RESOURCE_LIMITATION = 0x0000, 0x0115, 0x0213
"""Answers to N-EVENT-REPORT (PS3.7 10.1.1.1.8)."""

OnReport = Callable[[CommitmentReport], None]
"""Takes a report. Raises Refused for one that is not ours, Retryable."""


def on_event_report(event: Any, on_report: OnReport, owed: set[str]) -> tuple[int, None]:
    """Handles EVT_N_EVENT_REPORT; the status that answers it. What is reported is not `owed` any more."""
    try:
        report = read_report(event.event_information)
        on_report(report)
    except Refused:
        return _INVALID_ARGUMENT_VALUE, None
    except Retryable:
        return _RESOURCE_LIMITATION, None
    owed.discard(report.transaction_uid)
    return _SUCCESS, None


def nothing_asked(_report: CommitmentReport) -> None:
    """Takes reports where no commitment is asked for."""
    raise Refused("nothing was asked")
