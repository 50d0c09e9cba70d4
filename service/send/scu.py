"""The storage SCU: result objects to a PACS over one association."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pydicom import dcmread
from pydicom.uid import UID

from service.config import Destination, SendSettings
from service.send.association import Association, associate
from service.send.outcome import CANNOT_UNDERSTAND, SOP_CLASS_NOT_SUPPORTED, Sent, outcome

__all__ = ["OutgoingObject", "Sent", "send_instances"]

UNCOMPRESSED = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
"""Explicit and Implicit VR Little Endian: every PACS takes the second (PS3.5 section 10.1)."""


@dataclass(frozen=True, slots=True)
class OutgoingObject:
    """One object to send. `data` is the whole DICOM file (PS3.10)."""

    sop_class_uid: str
    sop_instance_uid: str
    data: bytes


def send_instances(
    peer: Destination, objects: Sequence[OutgoingObject], settings: SendSettings
) -> tuple[Sent, ...]:
    """Send uncompressed objects over one association; one outcome for each, in the order given.

    An object that the PACS does not take is an outcome, not an error. Raises PeerUnavailable when there is no
    association or it breaks; sending everything again is harmless, as objects keep their UIDs.
    """
    if not objects:
        return ()
    classes = dict.fromkeys(one.sop_class_uid for one in objects)
    with associate(
        peer, settings, [(sop_class_uid, UNCOMPRESSED) for sop_class_uid in classes]
    ) as association:
        return tuple(_send(association, one) for one in objects)


def _send(association: Association, one: OutgoingObject) -> Sent:
    if not association.accepts(one.sop_class_uid, UNCOMPRESSED):
        return not_taken(one.sop_instance_uid, one.sop_class_uid)
    return store(association, one.sop_instance_uid, dcmread(BytesIO(one.data)), len(one.data))


def store(association: Association, sop_instance_uid: str, dataset: Any, size_bytes: int) -> Sent:
    """Send one dataset on a context that was agreed for it. Raises PeerUnavailable."""
    try:
        # A value that breaks its VR is sent as it is: pydicom's warning would quote it.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            status = association.store(dataset, size_bytes)
    except (ValueError, AttributeError, TypeError) as error:
        return not_encodable(sop_instance_uid, error)
    return outcome(sop_instance_uid, status)


def not_taken(sop_instance_uid: str, sop_class_uid: str, transfer_syntax_uid: str = "") -> Sent:
    """The outcome of an object for which the PACS agreed to no context."""
    syntax = f" as {UID(transfer_syntax_uid).name}" if transfer_syntax_uid else ""
    detail = f"the PACS does not take SOP class {UID(sop_class_uid).name}{syntax}"
    return Sent(sop_instance_uid, SOP_CLASS_NOT_SUPPORTED, False, detail)


def not_encodable(sop_instance_uid: str, error: Exception) -> Sent:
    """The outcome of an object that could not be read or encoded here; it quotes nothing of it."""
    detail = f"not sent: it cannot be read and encoded as DICOM ({type(error).__name__})"
    return Sent(sop_instance_uid, CANNOT_UNDERSTAND, False, detail)
