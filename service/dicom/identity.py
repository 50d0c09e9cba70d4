"""What an instance is, read from its encoded dataset: the four UIDs without which it cannot be kept."""

import re
import zlib
from dataclasses import dataclass

from service.dicom.elements import Encoding, top_level_elements
from service.errors import MissingAttribute, NotDicom, TooLarge, UnsafeUID

_SOP_CLASS_UID = 0x00080016
_SOP_INSTANCE_UID = 0x00080018
_STUDY_INSTANCE_UID = 0x0020000D
_SERIES_INSTANCE_UID = 0x0020000E
_NAMES = {
    _STUDY_INSTANCE_UID: "Study Instance UID (0020,000D)",
    _SERIES_INSTANCE_UID: "Series Instance UID (0020,000E)",
    _SOP_INSTANCE_UID: "SOP Instance UID (0008,0018)",
    _SOP_CLASS_UID: "SOP Class UID (0008,0016)",
}
_IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
_EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_DEFLATED = frozenset({"1.2.840.10008.1.2.1.99"})
# Components of digits, none empty: `..` would be all digits and dots, and a path.
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
MAX_UID_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Identity:
    """The UIDs of one instance, each safe to be a part of a file name."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str


def read_identity(encoded_dataset: bytes, transfer_syntax_uid: str, max_inflated_bytes: int) -> Identity:
    """The identity of an instance, from its dataset as it came over the wire (no preamble, no file meta).

    Reads no further than Series Instance UID. A deflated dataset is inflated to at most `max_inflated_bytes`.
    Raises NotDicom, MissingAttribute, UnsafeUID or TooLarge, and nothing else, whatever the bytes are.
    """
    if transfer_syntax_uid in _DEFLATED:
        encoded_dataset = _inflate(encoded_dataset, max_inflated_bytes)
    encoding = Encoding(
        implicit_vr=transfer_syntax_uid == _IMPLICIT_VR_LITTLE_ENDIAN,
        little_endian=transfer_syntax_uid != _EXPLICIT_VR_BIG_ENDIAN,
    )
    elements = top_level_elements(encoded_dataset, encoding, last_tag=_SERIES_INSTANCE_UID)
    found = {tag: value for tag, value in elements if tag in _NAMES}
    if not found:
        raise NotDicom(
            "no UID of an instance was found: the bytes are not a DICOM dataset, or not in the transfer "
            f"syntax {transfer_syntax_uid} that was agreed for them"
        )
    return Identity(
        study_instance_uid=_uid(found, _STUDY_INSTANCE_UID),
        series_instance_uid=_uid(found, _SERIES_INSTANCE_UID),
        sop_instance_uid=_uid(found, _SOP_INSTANCE_UID),
        sop_class_uid=_uid(found, _SOP_CLASS_UID),
    )


def is_safe_uid(uid: str) -> bool:
    """Whether `uid` is digits and dots, 1 to 64 characters, no component empty (PS3.5 section 9.1)."""
    return len(uid) <= MAX_UID_LENGTH and uid.isascii() and _UID.fullmatch(uid) is not None


def _uid(found: dict[int, bytes], tag: int) -> str:
    # PS3.5 9.1 pads with NUL; some writers pad with a space.
    uid = found.get(tag, b"").rstrip(b"\0 ").decode("latin-1")
    if not uid:
        raise MissingAttribute(f"{_NAMES[tag]} is absent or empty: without it the instance cannot be kept")
    if not is_safe_uid(uid):
        raise UnsafeUID(
            f"{_NAMES[tag]} is not a UID: use numbers joined by dots, at most {MAX_UID_LENGTH} characters"
        )
    return uid


def _inflate(data: bytes, max_inflated_bytes: int) -> bytes:
    """RFC 1951 without a header (PS3.5 A.5). Raises NotDicom, TooLarge."""
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(data, max_inflated_bytes)
    except zlib.error as error:
        raise NotDicom(f"the dataset is not deflated as its transfer syntax says: {error}") from None
    if inflater.unconsumed_tail or (len(inflated) >= max_inflated_bytes and not inflater.eof):
        raise TooLarge(f"the dataset inflates to more than {max_inflated_bytes} bytes: send it uncompressed")
    return inflated
