"""How an association request is answered (PS3.8 sections 9.3.3 and 9.3.4, PS3.7 annex D).

A context is accepted with the first of our transfer syntaxes, in our order of preference, that is proposed
for it. pynetdicom decides the same, and a test compares: both receivers give the same answers. A peer may be
the SCP of storage commitment, to report on what we have asked it (PS3.4 J.3.3). Other roles, extended
negotiation and asynchronous operations get no answer: the defaults hold.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from service.accept.admission.admission import Rejection
from service.accept.association.associate_request import Proposal, Request, Roles
from service.accept.association.contexts import EITHER_ROLE
from service.accept.association.limits import MAX_PDU_BYTES
from service.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

ASSOCIATE_AC, ASSOCIATE_RJ = 0x02, 0x03
_APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
_ACCEPTED, _NO_ABSTRACT_SYNTAX, _NO_TRANSFER_SYNTAX = 0, 3, 4
"""Result of a presentation context (PS3.8 table 9-18)."""
_CONTEXT = struct.Struct(">BxBx")


@dataclass(frozen=True, slots=True)
class Context:
    """An accepted presentation context."""

    context_id: int
    abstract_syntax: str
    transfer_syntax_uid: str


def accept(
    request: Request, supported: Mapping[str, tuple[str, ...]], max_pdu_bytes: int = MAX_PDU_BYTES
) -> tuple[bytes, dict[int, Context]]:
    """The A-ASSOCIATE-AC that answers `request`, and the accepted contexts by their ID.

    `supported` gives for each abstract syntax the transfer syntaxes, the preferred one first;
    `max_pdu_bytes` is the longest PDU that the peer is to send.
    """
    answers, accepted = [], {}
    for proposal in sorted(request.contexts, key=lambda proposal: proposal.context_id):
        result, transfer_syntax_uid = _decide(proposal, supported)
        answers.append(_context_item(proposal.context_id, result, transfer_syntax_uid))
        if result == _ACCEPTED:
            context = Context(proposal.context_id, proposal.abstract_syntax, transfer_syntax_uid)
            accepted[proposal.context_id] = context
    roles = b"".join(_role_item(roles) for roles in _answered_roles(request, accepted))
    items = [_item(0x10, _APPLICATION_CONTEXT), *answers, _item(0x50, _user_items(max_pdu_bytes) + roles)]
    called, calling = (title.encode("ascii") for title in (request.called_ae_title, request.calling_ae_title))
    head = struct.pack(">H2x16s16s32x", 1, called.ljust(16), calling.ljust(16))
    body = b"".join([head, *items])
    return struct.pack(">BxL", ASSOCIATE_AC, len(body)) + body, accepted


def reject_pdu(rejection: Rejection) -> bytes:
    """A-ASSOCIATE-RJ (PS3.8 section 9.3.4)."""
    why = rejection.value
    return struct.pack(">BxLxBBB", ASSOCIATE_RJ, 4, why.result, why.source, why.diagnostic)


def _decide(proposal: Proposal, supported: Mapping[str, tuple[str, ...]]) -> tuple[int, str]:
    """Result and transfer syntax: where the context is refused, the first proposed, which means nothing."""
    preferred = supported.get(proposal.abstract_syntax)
    if preferred is None:
        return _NO_ABSTRACT_SYNTAX, proposal.transfer_syntaxes[0]
    for transfer_syntax_uid in preferred:
        if transfer_syntax_uid in proposal.transfer_syntaxes:
            return _ACCEPTED, transfer_syntax_uid
    return _NO_TRANSFER_SYNTAX, proposal.transfer_syntaxes[0]


def _context_item(context_id: int, result: int, transfer_syntax_uid: str) -> bytes:
    return _item(0x21, _CONTEXT.pack(context_id, result) + _item(0x40, transfer_syntax_uid.encode("ascii")))


@lru_cache(maxsize=16)
def _user_items(max_pdu_bytes: int) -> bytes:
    length = _item(0x51, struct.pack(">L", max_pdu_bytes))
    implementation = _item(0x52, IMPLEMENTATION_CLASS_UID.encode("ascii"))
    return length + implementation + _item(0x55, IMPLEMENTATION_VERSION_NAME.encode("ascii"))


def _answered_roles(request: Request, accepted: Mapping[int, Context]) -> list[Roles]:
    """What is proposed is what is agreed, once for each SOP Class in which a peer may have either role."""
    agreed = {context.abstract_syntax for context in accepted.values()} & EITHER_ROLE
    answered = {roles.sop_class_uid: roles for roles in request.roles if roles.sop_class_uid in agreed}
    return list(answered.values())


def _role_item(roles: Roles) -> bytes:
    uid = roles.sop_class_uid.encode("ascii")
    return _item(0x54, struct.pack(">H", len(uid)) + uid + bytes([roles.scu, roles.scp]))


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(content)) + content
