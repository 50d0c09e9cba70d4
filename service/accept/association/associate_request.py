"""What an association request asks for (PS3.8 section 9.3.2), read with every count and length bounded.

Read here rather than by pynetdicom, whose decoder takes seconds for a request made to keep it busy.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from service.accept.association.abort import AbortReason, ProtocolError
from service.accept.association.limits import (
    MAX_CONTEXTS,
    MAX_PDU_BYTES,
    MAX_REQUEST_BYTES,
    MAX_TRANSFER_SYNTAXES,
    MAX_USER_ITEMS,
)

ASSOCIATE_RQ = 0x01
SMALLEST_PDU_BYTES = 128
"""Peers that take less do not exist; one that says so gets this much."""
_APPLICATION_CONTEXT, _PRESENTATION_CONTEXT, _USER_INFORMATION = 0x10, 0x20, 0x50
_ABSTRACT_SYNTAX, _TRANSFER_SYNTAX, _MAXIMUM_LENGTH, _ROLE_SELECTION = 0x30, 0x40, 0x51, 0x54
_MAX_OTHER_ITEMS = 8
"""Beside presentation contexts: two are defined, unknown ones are passed over."""
_MAX_UID_BYTES = 64
_HEAD = struct.Struct(">BxLH2x16s16s32x")
"""PDU type, its length, protocol version, called and calling AE title."""
_LENGTH_BEGINS_AFTER = 6
_ITEM = struct.Struct(">BxH")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A presentation context as proposed."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles that the requestor proposes for itself in the contexts of one SOP Class (PS3.7 D.3.3.4)."""

    sop_class_uid: str
    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True)
class Request:
    """An A-ASSOCIATE-RQ. `max_pdu_bytes` is the longest P-DATA-TF that the peer takes."""

    calling_ae_title: str
    called_ae_title: str
    version_is_known: bool
    max_pdu_bytes: int
    contexts: tuple[Proposal, ...]
    roles: tuple[Roles, ...] = ()


def read_request(pdu: bytes) -> Request:
    """Read an A-ASSOCIATE-RQ, header and all. Raises ProtocolError, whatever the bytes are."""
    if len(pdu) > MAX_REQUEST_BYTES + _LENGTH_BEGINS_AFTER:
        raise _unreadable(f"it has {len(pdu)} bytes")
    if len(pdu) < _HEAD.size:
        raise _unreadable("it is too short")
    kind, length, version, called, calling = _HEAD.unpack_from(pdu)
    if kind != ASSOCIATE_RQ or length != len(pdu) - _LENGTH_BEGINS_AFTER:
        raise _unreadable("its header does not fit")
    items = list(_items(pdu[_HEAD.size :], MAX_CONTEXTS + _MAX_OTHER_ITEMS, "items"))
    if _APPLICATION_CONTEXT not in (kind for kind, _ in items):
        raise _unreadable("it has no application context")
    user_information = _user_information(items)
    return Request(
        calling_ae_title=_ae_title(calling, "calling"),
        called_ae_title=_ae_title(called, "called"),
        version_is_known=bool(version & 1),  # PS3.8 table 9-11: only bit 0 is tested
        max_pdu_bytes=_max_pdu_bytes(user_information),
        contexts=_proposals([content for kind, content in items if kind == _PRESENTATION_CONTEXT]),
        roles=tuple(_roles(content) for kind, content in user_information if kind == _ROLE_SELECTION),
    )


def _proposals(contents: list[bytes]) -> tuple[Proposal, ...]:
    if not 0 < len(contents) <= MAX_CONTEXTS:
        raise _unreadable(f"it proposes {len(contents)} presentation contexts; 1 to {MAX_CONTEXTS} may be")
    proposals = tuple(_proposal(content) for content in contents)
    if len({proposal.context_id for proposal in proposals}) != len(proposals):
        raise _unreadable("two presentation contexts have one ID")
    return proposals


def _proposal(content: bytes) -> Proposal:
    if len(content) < 4 or content[0] % 2 == 0:  # noqa: PLR2004 - ID and three reserved bytes
        raise _unreadable("a presentation context has no odd ID")
    names = list(_items(content[4:], 1 + MAX_TRANSFER_SYNTAXES, "names in a presentation context"))
    abstract = [_uid(name) for kind, name in names if kind == _ABSTRACT_SYNTAX]
    transfer = tuple(_uid(name) for kind, name in names if kind == _TRANSFER_SYNTAX)
    if len(abstract) != 1 or not transfer:
        raise _unreadable("a presentation context needs one abstract syntax and at least one transfer syntax")
    return Proposal(content[0], abstract[0], transfer)


def _user_information(items: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    information = [content for kind, content in items if kind == _USER_INFORMATION]
    if len(information) != 1:
        raise _unreadable("it needs user information, once")
    return list(_items(information[0], MAX_USER_ITEMS, "items of user information"))


def _max_pdu_bytes(user_information: list[tuple[int, bytes]]) -> int:
    """The longest PDU that the peer takes. 0, and not said at all, mean that it takes any."""
    stated = 0
    for kind, content in user_information:
        if kind == _MAXIMUM_LENGTH:
            stated = int.from_bytes(content, "big")
    return max(stated or MAX_PDU_BYTES, SMALLEST_PDU_BYTES)


def _roles(content: bytes) -> Roles:
    """A UID with its length before it, then one byte for each role (PS3.7 table D.3-9)."""
    length = int.from_bytes(content[:2], "big")
    roles = content[2 + length :]
    if len(roles) != 2:  # noqa: PLR2004 - SCU and SCP
        raise _unreadable("a role selection does not name a SOP Class and two roles")
    return Roles(_uid(content[2 : 2 + length]), scu=bool(roles[0]), scp=bool(roles[1]))


def _items(data: bytes, most: int, what: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of each item; they fill `data` exactly, and there are at most so many."""
    at = count = 0
    while at < len(data):
        count += 1
        if count > most:
            raise _unreadable(f"it has over {most} {what}")
        if len(data) - at < _ITEM.size:
            raise _unreadable("it ends within an item")
        kind, length = _ITEM.unpack_from(data, at)
        at += _ITEM.size + length
        if at > len(data):
            raise _unreadable("an item is longer than what holds it")
        yield kind, data[at - length : at]


def _ae_title(value: bytes, which: str) -> str:
    """Blanks and NULs around it do not count. PS3.5 section 6.2, VR AE."""
    stripped = value.strip(b" \0")
    if not stripped or not all(0x20 <= byte < 0x7F and byte != ord("\\") for byte in stripped):  # noqa: PLR2004
        raise _unreadable(f"it has no {which} AE title, or not one of printable ASCII")
    return stripped.decode("ascii")


def _uid(value: bytes) -> str:
    value = value.rstrip(b"\0 ")
    if len(value) > _MAX_UID_BYTES or not value.isascii():
        raise _unreadable("a name in a presentation context is not a UID")
    return value.decode("ascii")


def _unreadable(why: str) -> ProtocolError:
    return ProtocolError(AbortReason.INVALID_PARAMETER, f"the association request is not readable: {why}")
