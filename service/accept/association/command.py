"""DIMSE command sets, those that come and those that are sent (PS3.7 sections 6.3, 9.3, 10.3 and annex E)."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from service.accept.association.abort import AbortReason, ProtocolError
from service.accept.association.answer import Answer

_AFFECTED_SOP_CLASS_UID = 0x0002
_REQUESTED_SOP_CLASS_UID = 0x0003
_COMMAND_FIELD = 0x0100
_MESSAGE_ID = 0x0110
_MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
_COMMAND_DATA_SET_TYPE = 0x0800
_STATUS = 0x0900
_ERROR_COMMENT = 0x0902
_ERROR_ID = 0x0903
_AFFECTED_SOP_INSTANCE_UID = 0x1000
_REQUESTED_SOP_INSTANCE_UID = 0x1001
_EVENT_TYPE_ID = 0x1002
_ACTION_TYPE_ID = 0x1008
_NO_DATA_SET = 0x0101
_DATA_SET = 0x0001
_RESPONSE = 0x8000
_MAX_UID_BYTES = 64
P_DATA = 0x04
"""PDU type of P-DATA-TF (PS3.8 9.3.5)."""


class CommandField(IntEnum):
    """Messages that are told apart (PS3.7 annex E)."""

    C_STORE = 0x0001
    C_ECHO = 0x0030
    C_CANCEL = 0x0FFF
    N_EVENT_REPORT = 0x0100
    N_SET = 0x0120
    N_ACTION = 0x0130
    N_CREATE = 0x0140
    N_EVENT_REPORT_RSP = 0x8100


@dataclass(frozen=True, slots=True)
class Command:
    """A request, or the response to one of ours.

    UIDs are ASCII of at most 64 characters, not otherwise checked; empty where absent. They are the affected
    or the requested ones, whichever the service has. `message_id` of a response is the request's.
    """

    field: int
    message_id: int
    has_dataset: bool
    sop_class_uid: str
    sop_instance_uid: str
    action_type_id: int | None = None
    event_type_id: int | None = None
    status: int | None = None


def read_command(encoded: bytes) -> Command:
    """Read a command set, in Implicit VR Little Endian. Raises ProtocolError, whatever the bytes are."""
    elements = _elements(encoded)
    field = _number(elements, _COMMAND_FIELD)
    is_response = field == CommandField.N_EVENT_REPORT_RSP
    if field & _RESPONSE and not is_response:
        raise ProtocolError(AbortReason.SERVICE_USER, "a response was sent to who has asked nothing")
    return Command(
        field=field,
        message_id=_message_id(elements, field),
        has_dataset=_number(elements, _COMMAND_DATA_SET_TYPE) != _NO_DATA_SET,
        sop_class_uid=_uid(elements, _AFFECTED_SOP_CLASS_UID) or _uid(elements, _REQUESTED_SOP_CLASS_UID),
        sop_instance_uid=(
            _uid(elements, _AFFECTED_SOP_INSTANCE_UID) or _uid(elements, _REQUESTED_SOP_INSTANCE_UID)
        ),
        action_type_id=_optional(elements, _ACTION_TYPE_ID),
        event_type_id=_optional(elements, _EVENT_TYPE_ID),
        status=_number(elements, _STATUS) if is_response else None,
    )


def response_pdus(command: Command, answer: Answer, context_id: int, max_pdu_bytes: int) -> bytes:
    """P-DATA-TF PDUs with the response to `command`, none longer than `max_pdu_bytes`."""
    return _command_pdus(
        [
            *_uid_element(_AFFECTED_SOP_CLASS_UID, command.sop_class_uid),
            _number_element(_COMMAND_FIELD, command.field | _RESPONSE),
            _number_element(_MESSAGE_ID_BEING_RESPONDED_TO, command.message_id),
            _number_element(_COMMAND_DATA_SET_TYPE, _NO_DATA_SET),
            _number_element(_STATUS, answer.status),
            *_text_element(_ERROR_COMMENT, answer.comment),
            *([] if answer.error_id is None else [_number_element(_ERROR_ID, answer.error_id)]),
            *_uid_element(_AFFECTED_SOP_INSTANCE_UID, command.sop_instance_uid or answer.sop_instance_uid),
            *(
                []
                if command.event_type_id is None
                else [_number_element(_EVENT_TYPE_ID, command.event_type_id)]
            ),
        ],
        context_id,
        max_pdu_bytes,
    )


def event_report_pdus(
    message_id: int,
    sop_class_uid: str,
    sop_instance_uid: str,
    event_type_id: int,
    encoded_dataset: bytes,
    context_id: int,
    max_pdu_bytes: int,
) -> bytes:
    """P-DATA-TF PDUs with an N-EVENT-REPORT-RQ and its dataset, Event Information (PS3.7 10.3.1)."""
    command = [
        *_uid_element(_AFFECTED_SOP_CLASS_UID, sop_class_uid),
        _number_element(_COMMAND_FIELD, CommandField.N_EVENT_REPORT),
        _number_element(_MESSAGE_ID, message_id),
        _number_element(_COMMAND_DATA_SET_TYPE, _DATA_SET),
        *_uid_element(_AFFECTED_SOP_INSTANCE_UID, sop_instance_uid),
        _number_element(_EVENT_TYPE_ID, event_type_id),
    ]
    pdus = _command_pdus(command, context_id, max_pdu_bytes)
    return pdus + _p_data_pdus(encoded_dataset, context_id, max_pdu_bytes, is_command=False)


def _command_pdus(elements: list[bytes], context_id: int, max_pdu_bytes: int) -> bytes:
    body = b"".join(elements)
    body = _element(0x0000, struct.pack("<L", len(body))) + body
    return _p_data_pdus(body, context_id, max_pdu_bytes, is_command=True)


def _p_data_pdus(body: bytes, context_id: int, max_pdu_bytes: int, *, is_command: bool) -> bytes:
    size = max_pdu_bytes - 6
    starts = range(0, len(body), size)
    return b"".join(
        _p_data(body[at : at + size], context_id, is_command=is_command, is_last=at == starts[-1])
        for at in starts
    )


def _p_data(piece: bytes, context_id: int, *, is_command: bool, is_last: bool) -> bytes:
    control = is_command | is_last << 1  # the message control header (PS3.8 E.2)
    return struct.pack(">BxLLBB", P_DATA, len(piece) + 6, len(piece) + 2, context_id, control) + piece


def _message_id(elements: dict[int, bytes], field: int) -> int:
    if field == CommandField.C_CANCEL:
        return 0
    return _number(elements, _MESSAGE_ID_BEING_RESPONDED_TO if field & _RESPONSE else _MESSAGE_ID)


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


def _optional(elements: dict[int, bytes], element: int) -> int | None:
    return _number(elements, element) if element in elements else None


def _uid(elements: dict[int, bytes], element: int) -> str:
    value = elements.get(element, b"").rstrip(b"\0 ")
    if len(value) > _MAX_UID_BYTES or not value.isascii():
        raise _unreadable(f"(0000,{element:04X}) is not a UID")
    return value.decode("ascii")


def _uid_element(element: int, uid: str) -> list[bytes]:
    value = uid.encode("ascii")
    return [_element(element, value + b"\0" * (len(value) % 2))] if uid else []


def _text_element(element: int, text: str) -> list[bytes]:
    value = text.encode("ascii")
    return [_element(element, value + b" " * (len(value) % 2))] if text else []


def _number_element(element: int, number: int) -> bytes:
    return _element(element, struct.pack("<H", number))


def _element(element: int, value: bytes) -> bytes:
    return struct.pack("<HHL", 0x0000, element, len(value)) + value


def _unreadable(why: str) -> ProtocolError:
    return ProtocolError(AbortReason.SERVICE_USER, f"the command set is not readable: {why}")
