"""Event reports on the association on which the peer has asked: its SCP tells what has become of it.

The Standard lets a peer release, or send its next request, at any moment (PS3.4 J.3.3.1.2). So a report is
sent only when the peer has been silent for a while, one at a time, and who owes it hears when it was lost.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

from pynetdicom.dsutils import encode

from service.accept.association.command import event_report_pdus
from service.accept.association.negotiation import Context

QUIET_BEFORE_REPORT_S = 0.5
"""Silence after which a peer does not seem to be about to send or to release."""
_IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"


@dataclass(frozen=True, slots=True)
class EventReport:
    """What an N-EVENT-REPORT says. `information` is a Dataset."""

    sop_class_uid: str
    sop_instance_uid: str
    event_type_id: int
    information: Any


class OwedReport(Protocol):
    """A report that a peer waits for. One of `answered` and `lost` is called, on the association's thread."""

    @property
    def is_expired(self) -> bool:
        """Whether the peer is told in another way by now."""
        ...

    def report(self) -> EventReport | None:
        """What to tell; None as long as that is not known."""
        ...

    def answered(self, status: int) -> None:
        """The peer has answered with `status`."""
        ...

    def lost(self) -> None:
        """The association has ended, or the report has expired, without an answer."""
        ...


class EventReports:
    """What is owed to the peer of one association."""

    def __init__(self) -> None:
        self._owed: deque[tuple[OwedReport, Context]] = deque()
        self._asked: tuple[int, OwedReport] | None = None
        self._message_id = 0

    @property
    def are_due(self) -> bool:
        """Whether one might be sent as soon as the peer is silent: the one before it is answered."""
        return bool(self._owed) and self._asked is None

    def owe(self, owed: OwedReport, context: Context) -> None:
        """Tell the peer in `context`, as soon as may be."""
        self._owed.append((owed, context))

    def next_pdus(self, max_pdu_bytes: int) -> bytes:
        """The next report as P-DATA-TF PDUs, which is then sent; empty where nothing is known yet."""
        owed, context = self._owed[0]
        if owed.is_expired:
            self._owed.popleft()
            owed.lost()
            return b""
        report = owed.report()
        if report is None:
            return b""
        self._owed.popleft()
        self._message_id = self._message_id % 0xFFFF + 1
        self._asked = (self._message_id, owed)
        return event_report_pdus(
            self._message_id,
            report.sop_class_uid,
            report.sop_instance_uid,
            report.event_type_id,
            _encoded(report.information, context.transfer_syntax_uid),
            context.context_id,
            max_pdu_bytes,
        )

    def answered(self, message_id: int, status: int) -> bool:
        """The peer has answered a report. False where no such answer is waited for."""
        if self._asked is None or self._asked[0] != message_id:
            return False
        _, owed = self._asked
        self._asked = None
        owed.answered(status)
        return True

    def close(self) -> None:
        """The association has ended."""
        lost = [owed for owed, _ in self._owed] + ([self._asked[1]] if self._asked else [])
        self._owed.clear()
        self._asked = None
        for owed in lost:
            owed.lost()


def _encoded(information: Any, transfer_syntax_uid: str) -> bytes:
    encoded = encode(information, transfer_syntax_uid == _IMPLICIT_VR_LITTLE_ENDIAN, True)
    if encoded is None:
        raise ValueError("the information of an event report cannot be encoded")
    return bytes(encoded)
