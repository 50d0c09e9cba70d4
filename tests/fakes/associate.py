"""A-ASSOCIATE-RQ PDUs of any content (PS3.8 9.3.2)."""

import struct
from collections.abc import Sequence

from tests.fakes.peer import pdu

APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
USER_ITEMS = ((0x51, struct.pack(">L", 16384)), (0x52, b"1.2.3.4"), (0x55, b"TEST"))


def item(kind: int, content: bytes) -> bytes:
    """An item, or one within another."""
    return struct.pack(">BxH", kind, len(content)) + content


def context(context_id: int, abstract_syntax: str, transfer_syntaxes: Sequence[str]) -> bytes:
    """A presentation context that is proposed."""
    names = [item(0x30, abstract_syntax.encode()), *(item(0x40, uid.encode()) for uid in transfer_syntaxes)]
    return item(0x20, struct.pack(">Bxxx", context_id) + b"".join(names))


def request(
    contexts: Sequence[bytes],
    user_items: Sequence[tuple[int, bytes]] = USER_ITEMS,
    called: bytes = b"PREREAD",
    calling: bytes = b"SCANNER",
) -> bytes:
    """An A-ASSOCIATE-RQ with these contexts."""
    head = struct.pack(">Hxx16s16s32x", 1, called.ljust(16), calling.ljust(16))
    user = item(0x50, b"".join(item(kind, content) for kind, content in user_items))
    return pdu(0x01, head + item(0x10, APPLICATION_CONTEXT) + b"".join(contexts) + user)


def proposing(offered: Sequence[tuple[str, Sequence[str]]]) -> bytes:
    """An A-ASSOCIATE-RQ with a context for each abstract syntax and its transfer syntaxes."""
    return request([context(2 * at + 1, uid, syntaxes) for at, (uid, syntaxes) in enumerate(offered)])
