"""The PDUs that a storage SCU sends, as bytes; pynetdicom encodes them."""

import io
from collections.abc import Iterator, Sequence

from pydicom.uid import UID
from pynetdicom import build_context
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_RQ, A_RELEASE_RQ, P_DATA_TF
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    MaximumLengthNotification,
)

from service.cli.simulate.template import Sendable
from service.dicom.implementation import IMPLEMENTATION_CLASS_UID

LONGEST_BYTES = 128 * 1024
"""Longest PDU that is proposed, and sent where the peer takes it."""
_APPLICATION_CONTEXT = UID("1.2.840.10008.3.1.1.1")
_BY_USER = 0

Contexts = Sequence[tuple[str, str]]
"""SOP Class UID and Transfer Syntax UID, each in a presentation context of its own."""


def context_id(place: int) -> int:
    """Presentation context IDs are odd (PS3.8 9.3.2.2)."""
    return 2 * place + 1


def associate_rq(called: str, calling: str, contexts: Contexts) -> bytes:
    """A-ASSOCIATE-RQ (PS3.8 9.3.2)."""
    proposed = [build_context(*context) for context in contexts]
    for place, one in enumerate(proposed):
        one.context_id = context_id(place)
    longest, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    longest.maximum_length_received = LONGEST_BYTES
    implementation.implementation_class_uid = UID(IMPLEMENTATION_CLASS_UID)
    primitive = A_ASSOCIATE()
    primitive.application_context_name = _APPLICATION_CONTEXT
    primitive.calling_ae_title, primitive.called_ae_title = calling, called
    primitive.presentation_context_definition_list = proposed
    primitive.user_information = [longest, implementation]
    request = A_ASSOCIATE_RQ()
    request.from_primitive(primitive)
    return bytes(request.encode())


def store_rq(image: Sendable, message_id: int, context: int, longest_bytes: int) -> Iterator[bytes]:
    """C-STORE-RQ and the dataset in P-DATA-TF PDUs (PS3.7 9.3.1.1)."""
    primitive = C_STORE()
    primitive.MessageID, primitive.Priority = message_id, 0
    primitive.AffectedSOPClassUID = image.sop_class_uid
    primitive.AffectedSOPInstanceUID = image.sop_instance_uid
    primitive.DataSet = io.BytesIO(image.data)
    message = C_STORE_RQ()
    message.primitive_to_message(primitive)
    for fragment in message.encode_msg(context, longest_bytes):
        pdu = P_DATA_TF()
        pdu.from_primitive(fragment)
        yield pdu.encode()


def release_rq() -> bytes:
    """A-RELEASE-RQ (PS3.8 9.3.6)."""
    return bytes(A_RELEASE_RQ().encode())


def abort_rq() -> bytes:
    """A-ABORT by its user (PS3.8 9.3.8)."""
    request = A_ABORT_RQ()
    request.source, request.reason_diagnostic = _BY_USER, 0
    return bytes(request.encode())
