"""Reading the head of a DICOM file (PS3.10 section 7.1) as it comes: what precedes its dataset."""

from dataclasses import dataclass

from service.dicom.elements import ElementWalk, Encoding
from service.dicom.identity import MAX_UID_LENGTH, is_safe_uid
from service.errors import MissingAttribute, NotDicom, UnsafeUID

MAX_META_BYTES = 64 * 1024
"""Longest file meta information that is read. Usual ones have 200 bytes."""

_PREAMBLE_BYTES = 132
_GROUP_LENGTH = b"\x02\0\0\0UL\x04\0"
_START_BYTES = _PREAMBLE_BYTES + len(_GROUP_LENGTH) + 4
_META = Encoding(implicit_vr=False, little_endian=True)
_LAST_OF_META = 0x0002FFFF
_NAMES = {
    0x00020002: "Media Storage SOP Class UID (0002,0002)",
    0x00020003: "Media Storage SOP Instance UID (0002,0003)",
    0x00020010: "Transfer Syntax UID (0002,0010)",
}


@dataclass(frozen=True, slots=True)
class FileHead:
    """What the file meta information says; the dataset may say otherwise. All are UIDs."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str


class FileHeadReader:
    """Keeps the head of a file that comes in pieces, and passes on the dataset."""

    def __init__(self) -> None:
        self.head: FileHead | None = None
        self._held = bytearray()
        self._needed = _START_BYTES
        self._has_started = False

    def feed(self, data: bytes | memoryview) -> memoryview:
        """What of `data`, the next piece of the file, belongs to the dataset.

        Raises NotDicom, MissingAttribute or UnsafeUID, and nothing else, whatever the bytes are.
        """
        rest = memoryview(data)
        while self.head is None:
            missing = self._needed - len(self._held)
            self._held += rest[:missing]
            rest = rest[missing:]
            if len(self._held) < self._needed:
                break
            self._advance()
        return rest

    def cut_off(self) -> NotDicom:
        """What is wrong with a file that ended while `head` was None."""
        return NotDicom(
            f"the file ends after {len(self._held)} bytes, within its head: it is cut off, or not DICOM"
        )

    def _advance(self) -> None:
        if self._has_started:
            self.head = _head(bytes(self._held[_START_BYTES:]))
            self._held = bytearray()
        else:
            self._has_started = True
            self._needed = _START_BYTES + _meta_bytes(bytes(self._held))


def _meta_bytes(start: bytes) -> int:
    """Length of what follows File Meta Information Group Length (0002,0000)."""
    if start[_PREAMBLE_BYTES - 4 : _PREAMBLE_BYTES] != b"DICM":
        raise NotDicom("there is no DICOM preamble: send files as PS3.10 has them")
    if not start.startswith(_GROUP_LENGTH, _PREAMBLE_BYTES):
        raise NotDicom("the file meta information does not begin with its group length (0002,0000)")
    length = int.from_bytes(start[-4:], "little")
    if length > MAX_META_BYTES:
        raise NotDicom(f"the file meta information has {length} bytes; {MAX_META_BYTES} are read at most")
    return length


def _head(meta: bytes) -> FileHead:
    walk = ElementWalk(_META, _NAMES, _LAST_OF_META)
    walk.feed(meta)
    walk.end()
    return FileHead(*(_uid(walk.found.get(tag, b""), name) for tag, name in _NAMES.items()))


def _uid(value: bytes, name: str) -> str:
    uid = value.rstrip(b"\0 ").decode("latin-1")
    if not uid:
        raise MissingAttribute(f"{name} is absent or empty: without it the file cannot be taken")
    if not is_safe_uid(uid):
        raise UnsafeUID(
            f"{name} is not a UID: use numbers joined by dots, at most {MAX_UID_LENGTH} characters"
        )
    return uid
