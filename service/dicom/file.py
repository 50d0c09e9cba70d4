"""Telling what a DICOM file is (PS3.10), with the same strictness as what comes over the wire."""

from service.dicom.elements import ElementWalk, Encoding
from service.dicom.identity import Identity, read_identity
from service.errors import NotDicom

_PREAMBLE_BYTES = 132
_META = Encoding(implicit_vr=False, little_endian=True)
_GROUP_LENGTH = 0x00020000
_TRANSFER_SYNTAX_UID = 0x00020010
_LAST_OF_META = 0x0002FFFF


def read_file_identity(data: bytes, max_inflated_bytes: int) -> tuple[Identity, str]:
    """The identity of a DICOM file's instance and its Transfer Syntax UID.

    Raises NotDicom, MissingAttribute, UnsafeUID or TooLarge, and nothing else, whatever the bytes are.
    """
    if data[128:_PREAMBLE_BYTES] != b"DICM":
        raise NotDicom("the file has no DICOM preamble")
    meta_at = data[_PREAMBLE_BYTES : _PREAMBLE_BYTES + 64 * 1024]
    walk = ElementWalk(_META, {_GROUP_LENGTH, _TRANSFER_SYNTAX_UID}, _LAST_OF_META)
    walk.feed(meta_at)
    walk.end()
    meta = walk.found
    length = meta.get(_GROUP_LENGTH, b"")
    transfer_syntax_uid = meta.get(_TRANSFER_SYNTAX_UID, b"").rstrip(b"\0 ").decode("latin-1")
    if len(length) != 4 or not transfer_syntax_uid:  # noqa: PLR2004 - a UL value has 4 bytes
        raise NotDicom("the file meta information lacks its length or the Transfer Syntax UID (0002,0010)")
    return read_identity(
        bytes(dataset_of(data)), transfer_syntax_uid, max_inflated_bytes
    ), transfer_syntax_uid


def dataset_of(data: bytes) -> memoryview:
    """What follows the file meta information: of a file that `read_file_identity` has read."""
    # The group length counts from the end of its own element, which has 12 bytes (PS3.10 table 7.1-1).
    after_length = _PREAMBLE_BYTES + 12
    return memoryview(data)[after_length + int.from_bytes(data[after_length - 4 : after_length], "little") :]
