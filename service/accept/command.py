"""DIMSE command sets: requests that come and the responses to them (PS3.7 sections 6.3, 9.3 and annex E)."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from service.accept.abort import AbortReason, ProtocolError

_AFFECTED_SOP_CLASS_UID = 0x0002
_REQUESTED_SOP_CLASS_UID = 0x0003
_COMMAND_FIELD = 0x0100
_MESSAGE_ID = 0x0110
_MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
_COMMAND_DATA_SET_TYPE = 0x0800
_STATUS = 0x0900
_AFFECTED_SOP_INSTANCE_UID = 0x1000
_NO_DATA_SET = 0x0101
_RESPONSE = 0x8000
_MAX_UID_BYTES = 64
P_DATA = 0x04
"""PDU type of P-DATA-TF (PS3.8 9.3.5)."""


class CommandField(IntEnum):
    """Requests that are told apart (PS3.7 annex E)."""

    C_STORE = 0x0001
    C_ECHO = 0x0030
    C_CANCEL = 0x0FFF


class OtherStatus(IntEnum):
    """Statuses of services beside storage (PS3.7 annex C)."""

    SUCCESS = 0x0000
    UNRECOGNIZED_OPERATION = 0x0211


@dataclass(frozen=True, slots=True)
class Command:
    """A request. UIDs are ASCII of at most 64 characters, not otherwise checked; empty where absent."""

    field: int
    message_id: int
    has_dataset: bool
    sop_class_uid: str
    sop_instance_uid: str


def read_command(encoded: bytes) -> Command:
    """Read a request, in Implicit VR Little Endian. Raises ProtocolError, whatever the bytes are."""
    elements = _elements(encoded)
    field = _number(elements, _COMMAND_FIELD)
    if field & _RESPONSE:
        raise ProtocolError(AbortReason.SERVICE_USER, "a response was sent to who has asked nothing")
    return Command(
        field=field,
        message_id=0 if field == CommandField.C_CANCEL else _number(elements, _MESSAGE_ID),
        has_dataset=_number(elements, _COMMAND_DATA_SET_TYPE) != _NO_DATA_SET,
        sop_class_uid=_uid(elements, _AFFECTED_SOP_CLASS_UID) or _uid(elements, _REQUESTED_SOP_CLASS_UID),
        sop_instance_uid=_uid(elements, _AFFECTED_SOP_INSTANCE_UID),
    )


def response_pdus(command: Command, status: int, context_id: int, max_pdu_bytes: int) -> bytes:
    """P-DATA-TF PDUs with the response to `command`, none longer than `max_pdu_bytes`."""
    elements = [
        *_uid_element(_AFFECTED_SOP_CLASS_UID, command.sop_class_uid),
        _element(_COMMAND_FIELD, struct.pack("<H", command.field | _RESPONSE)),
        _element(_MESSAGE_ID_BEING_RESPONDED_TO, struct.pack("<H", command.message_id)),
        _element(_COMMAND_DATA_SET_TYPE, struct.pack("<H", _NO_DATA_SET)),
        _element(_STATUS, struct.pack("<H", status)),
        *_uid_element(_AFFECTED_SOP_INSTANCE_UID, command.sop_instance_uid),
    ]
    body = b"".join(elements)
    body = _element(0x0000, struct.pack("<L", len(body))) + body
    size = max_pdu_bytes - 6
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(_p_data(piece, context_id, last=piece is pieces[-1]) for piece in pieces)


def _p_data(piece: bytes, context_id: int, *, last: bool) -> bytes:
    control = 1 | last << 1  # a command fragment, and whether it is the last one (PS3.8 E.2)
    return struct.pack(">BxLLBB", P_DATA, len(piece) + 6, len(piece) + 2, context_id, control) + piece


def _elements(encoded: bytes) -> dict[int, bytes]:
    elements = {}
    at = 0
    while at < len(encoded):
        if at + 8 > len(encoded):
            raise _unreadable("it ends within an element")
        group, element, length = struct.unpack_from("<HHL", encoded, at)
        at += 8 + length
        if group != 0x0000 or at > len(encoded):
            raise _unreadable("an element is not of group 0000 or reaches beyond the end")
        elements[element] = encoded[at - length : at]
    return elements


def _number(elements: dict[int, bytes], element: int) -> int:
    value = elements.get(element, b"")
    if len(value) != 2:  # noqa: PLR2004 - a US value has 2 bytes
        raise _unreadable(f"(0000,{element:04X}) is absent or has no value")
    return int.from_bytes(value, "little")


def _uid(elements: dict[int, bytes], element: int) -> str:
    value = elements.get(element, b"").rstrip(b"\0 ")
    if len(value) > _MAX_UID_BYTES or not value.isascii():
        raise _unreadable(f"(0000,{element:04X}) is not a UID")
    return value.decode("ascii")


def _uid_element(element: int, uid: str) -> list[bytes]:
    value = uid.encode("ascii")
    return [_element(element, value + b"\0" * (len(value) % 2))] if uid else []


def _element(element: int, value: bytes) -> bytes:
    return struct.pack("<HHL", 0x0000, element, len(value)) + value


def _unreadable(why: str) -> ProtocolError:
    return ProtocolError(AbortReason.SERVICE_USER, f"the command set is not readable: {why}")
