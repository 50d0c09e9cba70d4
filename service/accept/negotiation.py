"""What an association request asks for and how it is answered (PS3.8 section 9.3, PS3.7 annex D).

pynetdicom reads and writes the PDUs; which presentation contexts are accepted is its decision too, so that
both receivers accept the same ones. Extended negotiation, roles and asynchronous operations get no answer:
the defaults hold.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.uid import UID
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import negotiate_as_acceptor

from service.accept.abort import AbortReason, ProtocolError
from service.accept.admission import Rejection
from service.accept.limits import MAX_PDU_BYTES
from service.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

ASSOCIATE_RQ, ASSOCIATE_RJ = 0x01, 0x03
MAX_REQUEST_BYTES = 256 * 1024
"""The largest that is real, 128 contexts with every transfer syntax, has about 100 KiB."""
SMALLEST_PDU_BYTES = 128
"""Peers that take less do not exist; one that says so gets this much."""
_APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"


@dataclass(frozen=True, slots=True)
class Context:
    """An accepted presentation context."""

    context_id: int
    abstract_syntax: str
    transfer_syntax_uid: str


@dataclass(frozen=True, slots=True)
class Request:
    """An A-ASSOCIATE-RQ. `max_pdu_bytes` is the longest P-DATA-TF that the peer takes."""

    calling_ae_title: str
    called_ae_title: str
    version_is_known: bool
    max_pdu_bytes: int
    contexts: tuple[Any, ...]


def read_request(pdu: bytes) -> Request:
    """Read an A-ASSOCIATE-RQ, header and all. Raises ProtocolError, whatever the bytes are."""
    try:
        decoded = A_ASSOCIATE_RQ()
        decoded.decode(pdu)
        primitive = decoded.to_primitive()
        return Request(
            calling_ae_title=primitive.calling_ae_title.strip(),
            called_ae_title=primitive.called_ae_title.strip(),
            version_is_known=bool(decoded.protocol_version & 1),  # PS3.8 table 9-11: only bit 0 is tested
            max_pdu_bytes=max(primitive.maximum_length_received or MAX_PDU_BYTES, SMALLEST_PDU_BYTES),
            contexts=tuple(primitive.presentation_context_definition_list),
        )
    except Exception as error:  # pynetdicom's decoders raise whatever the bytes make them stumble over
        raise ProtocolError(
            AbortReason.INVALID_PARAMETER, f"the association request is not readable ({type(error).__name__})"
        ) from error


def accept(request: Request, supported: Sequence[Any]) -> tuple[bytes, dict[int, Context]]:
    """The A-ASSOCIATE-AC that answers `request`, and the accepted contexts by their ID."""
    results, _ = negotiate_as_acceptor(list(request.contexts), list(supported))
    answer = A_ASSOCIATE()
    answer.application_context_name = UID(_APPLICATION_CONTEXT)
    answer.calling_ae_title = request.calling_ae_title
    answer.called_ae_title = request.called_ae_title
    answer.result = 0x00
    answer.result_source = 0x01
    answer.presentation_context_definition_results_list = results
    answer.user_information = _user_information()
    accepted = {
        cx.context_id: Context(cx.context_id, str(cx.abstract_syntax), str(cx.transfer_syntax[0]))
        for cx in results
        if cx.result == 0x00
    }
    return A_ASSOCIATE_AC(answer).encode(), accepted


def reject_pdu(rejection: Rejection) -> bytes:
    """A-ASSOCIATE-RJ (PS3.8 section 9.3.4)."""
    why = rejection.value
    return struct.pack(">BxLxBBB", ASSOCIATE_RJ, 4, why.result, why.source, why.diagnostic)


def _user_information() -> list[Any]:
    length = MaximumLengthNotification()
    length.maximum_length_received = MAX_PDU_BYTES
    implementation = ImplementationClassUIDNotification()
    implementation.implementation_class_uid = UID(IMPLEMENTATION_CLASS_UID)
    version = ImplementationVersionNameNotification()
    version.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    return [length, implementation, version]
