"""Telling what a DICOM file is (PS3.10), with the same strictness as what comes over the wire."""

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from service.dicom.elements import ElementWalk, Encoding
from service.dicom.identity import Identity, IdentityReader
from service.errors import NotDicom, StoreUnavailable

PIECE_BYTES = 1024 * 1024
"""What of an open file is in memory at a time."""
_PREAMBLE_BYTES = 132
_GROUP_LENGTH_BYTES = 12
"""File Meta Information Group Length with its tag; it counts from its own end (PS3.10 table 7.1-1)."""
_MAX_META_BYTES = 64 * 1024
_META = Encoding(implicit_vr=False, little_endian=True)
_GROUP_LENGTH = 0x00020000
_TRANSFER_SYNTAX_UID = 0x00020010
_SOURCE_AE_TITLE, _RECEIVING_AE_TITLE = 0x00020016, 0x00020018
_LAST_OF_META = 0x0002FFFF


def read_file_identity(source: bytes | BinaryIO, max_inflated_bytes: int) -> tuple[Identity, str]:
    """The identity of a DICOM file's instance and its Transfer Syntax UID.

    An open file is read from its beginning, and no further than is needed. Raises NotDicom, MissingAttribute,
    UnsafeUID or TooLarge, and nothing else, whatever the bytes are; StoreUnavailable where the file fails.
    """
    file = BytesIO(source) if isinstance(source, bytes) else source
    transfer_syntax_uid = go_to_dataset(file)
    reader = IdentityReader(transfer_syntax_uid, max_inflated_bytes)
    for piece in pieces(file):
        reader.feed(piece)
        if reader.is_known:
            break
    return reader.identity(), transfer_syntax_uid


def go_to_dataset(file: BinaryIO) -> str:
    """Have the next read of an open DICOM file return its dataset. Returns the Transfer Syntax UID.

    Raises NotDicom where it has no file meta information, StoreUnavailable where it fails.
    """
    try:
        file.seek(0)
        start = file.read(_PREAMBLE_BYTES + _MAX_META_BYTES)
        length, transfer_syntax_uid = _read_meta(start)
        file.seek(_PREAMBLE_BYTES + _GROUP_LENGTH_BYTES + length)
    except OSError as error:
        raise _unreadable(error) from error
    return transfer_syntax_uid


def read_ae_titles(file: BinaryIO) -> tuple[str, str]:
    """Source and Receiving Application Entity Title (0002,0016) and (0002,0018) of an open DICOM file; empty
    where it does not have them. Raises as `go_to_dataset`.
    """
    try:
        file.seek(0)
        start = file.read(_PREAMBLE_BYTES + _MAX_META_BYTES)
    except OSError as error:
        raise _unreadable(error) from error
    walk = ElementWalk(_META, {_SOURCE_AE_TITLE, _RECEIVING_AE_TITLE}, _LAST_OF_META)
    walk.feed(start[_PREAMBLE_BYTES:])
    source, receiving = (walk.found.get(tag, b"") for tag in (_SOURCE_AE_TITLE, _RECEIVING_AE_TITLE))
    return source.decode("ascii", "replace").strip(" \0"), receiving.decode("ascii", "replace").strip(" \0")


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """What is left of an open file, PIECE_BYTES at most at a time. Raises StoreUnavailable where it fails."""
    try:
        while piece := file.read(PIECE_BYTES):
            yield piece
    except OSError as error:
        raise _unreadable(error) from error


def _read_meta(start: bytes) -> tuple[int, str]:
    """The group length and the Transfer Syntax UID of a file that starts like this."""
    if start[128:_PREAMBLE_BYTES] != b"DICM":
        raise NotDicom("the file has no DICOM preamble")
    walk = ElementWalk(_META, {_GROUP_LENGTH, _TRANSFER_SYNTAX_UID}, _LAST_OF_META)
    walk.feed(start[_PREAMBLE_BYTES:])
    walk.end()
    length = walk.found.get(_GROUP_LENGTH, b"")
    transfer_syntax_uid = walk.found.get(_TRANSFER_SYNTAX_UID, b"").rstrip(b"\0 ").decode("latin-1")
    if len(length) != 4 or not transfer_syntax_uid:  # noqa: PLR2004 - a UL value has 4 bytes
        raise NotDicom("the file meta information lacks its length or the Transfer Syntax UID (0002,0010)")
    return int.from_bytes(length, "little"), transfer_syntax_uid


def _unreadable(error: OSError) -> StoreUnavailable:
    return StoreUnavailable(f"the file cannot be read: {error.strerror}; check the store")
