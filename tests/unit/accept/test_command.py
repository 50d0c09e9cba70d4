import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.filebase import DicomBytesIO
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dsutils import decode

from service.accept.association.abort import ProtocolError
from service.accept.association.answer import Answer
from service.accept.association.command import CommandField, read_command, response_pdus
from tests.fakes.peer import US_IMAGE, store_rq


def element(number: int, value: bytes, group: int = 0) -> bytes:
    return struct.pack("<HHL", group, number, len(value)) + value


def echo_rq(*more: bytes) -> bytes:
    return b"".join(
        [
            element(0x0100, b"\x30\0"),
            element(0x0110, b"\x07\0"),
            element(0x0800, b"\x01\x01"),
            *more,
        ]
    )


def test_store_request_is_read() -> None:
    command = read_command(store_rq("1.2.3", message_id=9))
    assert (command.field, command.message_id, command.has_dataset) == (CommandField.C_STORE, 9, True)
    assert (command.sop_class_uid, command.sop_instance_uid) == (US_IMAGE, "1.2.3")


def test_request_without_dataset_says_so() -> None:
    command = read_command(echo_rq())
    assert (command.field, command.message_id, command.has_dataset) == (CommandField.C_ECHO, 7, False)


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\0" * 7,
        element(0x0100, b"\x01\0"),
        element(0x0100, b"\x01\0\0\0") + echo_rq()[10:],
        echo_rq(element(0x0010, b"x" * 4, group=0x0008)),
        echo_rq(struct.pack("<HHL", 0, 0x0002, 5000)),
        echo_rq(element(0x0002, b"1" * 65)),
        echo_rq(element(0x1000, b"\xff\xfe")),
        element(0x0100, b"\x30\x80") + echo_rq()[10:],
    ],
    ids=[
        "empty", "cut", "no message id", "number of 4 bytes", "other group", "too long", "long UID",
        "no ASCII", "response",
    ],
)  # fmt: skip
def test_command_set_that_is_no_request_is_a_protocol_error(encoded: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_command(encoded)


@given(st.binary(max_size=200))
def test_garbage_is_a_protocol_error_and_never_anything_else(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_command(data)


@pytest.mark.parametrize("max_pdu_bytes", [16384, 128])
def test_response_is_read_by_pynetdicom(max_pdu_bytes: int) -> None:
    command = read_command(store_rq("1.2.840.113619.2.55.3.604688119.971.1255430207.789", message_id=500))
    encoded = _joined(response_pdus(command, Answer(0xA700), 3, max_pdu_bytes), 3, max_pdu_bytes)
    answer = decode(DicomBytesIO(encoded), True, True)
    assert (answer.CommandField, answer.MessageIDBeingRespondedTo, answer.Status) == (0x8001, 500, 0xA700)
    assert answer.AffectedSOPInstanceUID == command.sop_instance_uid
    assert answer.CommandDataSetType == 0x0101
    assert answer.CommandGroupLength == len(encoded) - 12


def test_request_of_pynetdicom_is_read() -> None:
    message = C_STORE_RQ()
    message.command_set.CommandField = 0x0001
    message.command_set.MessageID = 2
    message.command_set.CommandDataSetType = 0x0001
    message.command_set.AffectedSOPClassUID = US_IMAGE
    message.command_set.AffectedSOPInstanceUID = "1.2.3.4"
    from pynetdicom.dsutils import encode

    encoded = encode(message.command_set, True, True)
    assert encoded is not None
    assert read_command(encoded).sop_instance_uid == "1.2.3.4"


def _joined(pdus: bytes, context_id: int, max_pdu_bytes: int) -> bytes:
    """The command set in P-DATA-TF PDUs of one fragment each, of which only the last one says so."""
    pieces, lasts = [], []
    while pdus:
        kind, length, size, context, control = struct.unpack_from(">BxLLBB", pdus)
        assert (kind, length, context, control & 1) == (4, size + 4, context_id, 1)
        assert length <= max_pdu_bytes
        pieces.append(pdus[12 : 6 + length])
        lasts.append(bool(control & 2))
        pdus = pdus[6 + length :]
    assert lasts == [False] * (len(lasts) - 1) + [True]
    return b"".join(pieces)
