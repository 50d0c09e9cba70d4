"""The storage SCU: one dataset on an association that is there."""

import warnings
from typing import Any

from pydicom.uid import UID

from service.send.association import Association
from service.send.outcome import CANNOT_UNDERSTAND, SOP_CLASS_NOT_SUPPORTED, Sent, outcome

UNCOMPRESSED = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
"""Explicit and Implicit VR Little Endian: every PACS takes the second (PS3.5 section 10.1)."""


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
