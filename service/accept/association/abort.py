"""Why an association is aborted, and the PDU that says so (PS3.8 section 9.3.8)."""

import struct
from enum import Enum

ABORT = 0x07


class AbortReason(Enum):
    """Source and reason of A-ABORT (PS3.8 table 9-26)."""

    SERVICE_USER = (0, 0)
    """Ours to decide: we stop, or what was sent is no message of PS3.7."""
    NOT_SPECIFIED = (2, 0)
    UNRECOGNIZED_PDU = (2, 1)
    UNEXPECTED_PDU = (2, 2)
    UNEXPECTED_PARAMETER = (2, 5)
    INVALID_PARAMETER = (2, 6)


class ProtocolError(Exception):
    """The peer broke the protocol: the association is aborted with `reason`."""

    def __init__(self, reason: AbortReason, what: str) -> None:
        super().__init__(what)
        self.reason = reason


def abort_pdu(reason: AbortReason) -> bytes:
    """A-ABORT."""
    source, diagnostic = reason.value
    return struct.pack(">BxLxxBB", ABORT, 4, source, diagnostic)
