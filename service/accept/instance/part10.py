"""What makes a received dataset a DICOM file: preamble and file meta information before its own bytes."""

import struct

from service.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

PREAMBLE = bytes(128) + b"DICM"


def part10_head(
    sop_class_uid: str,
    sop_instance_uid: str,
    transfer_syntax_uid: str,
    calling_ae_title: str,
    called_ae_title: str = "",
) -> bytes:
    """All that precedes the dataset in a file (PS3.10 section 7.1). Both AE titles are there so that a lost
    ledger can be made again from the files.
    """
    elements = b"".join(
        (
            _element(0x0001, b"OB", b"\0\1"),
            _element(0x0002, b"UI", _padded(sop_class_uid, b"\0")),
            _element(0x0003, b"UI", _padded(sop_instance_uid, b"\0")),
            _element(0x0010, b"UI", _padded(transfer_syntax_uid, b"\0")),
            _element(0x0012, b"UI", _padded(IMPLEMENTATION_CLASS_UID, b"\0")),
            _element(0x0013, b"SH", _padded(IMPLEMENTATION_VERSION_NAME, b" ")),
            _element(0x0016, b"AE", _padded(calling_ae_title, b" ")),
            _element(0x0018, b"AE", _padded(called_ae_title, b" ")) if called_ae_title else b"",
        )
    )
    group_length = _element(0x0000, b"UL", struct.pack("<L", len(elements)))
    return PREAMBLE + group_length + elements


def _element(element: int, vr: bytes, value: bytes) -> bytes:
    """One element of group 0002, Explicit VR Little Endian (PS3.5 section 7.1.2)."""
    if vr == b"OB":
        return struct.pack("<HH2sHL", 0x0002, element, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", 0x0002, element, vr, len(value)) + value


def _padded(text: str, padding: bytes) -> bytes:
    value = text.encode("ascii", errors="replace")
    return value + padding * (len(value) % 2)
