"""What an instance is, read from its encoded dataset: the four UIDs without which it cannot be kept."""

import re
from dataclasses import dataclass

from service.dicom.elements import ElementWalk, Encoding
from service.dicom.inflate import Inflater
from service.errors import MissingAttribute, NotDicom, Refused, UnsafeUID

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


class IdentityReader:
    """Reads the identity of an instance from its dataset as it comes over the wire, piece by piece.

    Looks no further than Series Instance UID, and holds no more than a piece. All of a deflated dataset is
    inflated, `max_inflated_bytes` at most, so that one that explodes is refused here.
    """

    def __init__(self, transfer_syntax_uid: str, max_inflated_bytes: int) -> None:
        self._transfer_syntax_uid = transfer_syntax_uid
        encoding = Encoding(
            implicit_vr=transfer_syntax_uid == _IMPLICIT_VR_LITTLE_ENDIAN,
            little_endian=transfer_syntax_uid != _EXPLICIT_VR_BIG_ENDIAN,
        )
        self._walk = ElementWalk(encoding, _NAMES, last_tag=_SERIES_INSTANCE_UID)
        self._inflater = Inflater(max_inflated_bytes) if transfer_syntax_uid in _DEFLATED else None
        self._refused: Refused | None = None
        self._identity: Identity | None = None

    @property
    def is_known(self) -> bool:
        """Whether what still comes makes no difference."""
        return self._refused is not None or (self._walk.ended and self._inflater is None)

    def feed(self, data: bytes | memoryview) -> None:
        """The next piece of the dataset. Raises nothing: `identity` tells what was wrong."""
        if self.is_known:
            return
        try:
            for piece in (data,) if self._inflater is None else self._inflater.inflate(data):
                self._walk.feed(piece)
        except Refused as refused:
            self._refused = refused

    def identity(self) -> Identity:
        """What the whole dataset is. Raises NotDicom, MissingAttribute, UnsafeUID or TooLarge."""
        if self._identity is None:
            self._identity = self._read()
        return self._identity

    def _read(self) -> Identity:
        if self._refused is not None:
            raise self._refused
        self._walk.end()
        found = self._walk.found
        if not found:
            raise NotDicom(
                "no UID of an instance was found: the bytes are not a DICOM dataset, or not in the transfer "
                f"syntax {self._transfer_syntax_uid} that was agreed for them"
            )
        return Identity(
            study_instance_uid=_uid(found, _STUDY_INSTANCE_UID),
            series_instance_uid=_uid(found, _SERIES_INSTANCE_UID),
            sop_instance_uid=_uid(found, _SOP_INSTANCE_UID),
            sop_class_uid=_uid(found, _SOP_CLASS_UID),
        )


def read_identity(encoded_dataset: bytes, transfer_syntax_uid: str, max_inflated_bytes: int) -> Identity:
    """The identity of an instance, from its dataset as it came over the wire (no preamble, no file meta).

    Raises NotDicom, MissingAttribute, UnsafeUID or TooLarge, and nothing else, whatever the bytes are.
    """
    reader = IdentityReader(transfer_syntax_uid, max_inflated_bytes)
    reader.feed(encoded_dataset)
    return reader.identity()


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
