import struct
from unittest.mock import Mock, patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.accept.association import associate_request
from service.accept.association.abort import AbortReason, ProtocolError
from service.accept.association.associate_request import SMALLEST_PDU_BYTES, Proposal, read_request
from service.accept.association.limits import (
    MAX_CONTEXTS,
    MAX_PDU_BYTES,
    MAX_REQUEST_BYTES,
    MAX_TRANSFER_SYNTAXES,
    MAX_USER_ITEMS,
)
from tests.fakes.associate import USER_ITEMS, context, item, proposing, request
from tests.fakes.datasets import IMPLICIT_VR_LE, US_IMAGE
from tests.fakes.peer import associate_rq

CONTEXT = context(1, US_IMAGE, [IMPLICIT_VR_LE])
TINY = b"\x40\0\0\0"  # the smallest transfer syntax item that can be sent
MADE = r"has over|proposes"


def test_request_is_read() -> None:
    read = read_request(associate_rq("PREREAD", "US1"))
    assert (read.called_ae_title, read.calling_ae_title) == ("PREREAD", "US1")
    assert (read.version_is_known, read.max_pdu_bytes) == (True, 16384)
    assert read.contexts == (Proposal(1, US_IMAGE, (IMPLICIT_VR_LE,)),)


def test_padding_around_names_does_not_count() -> None:
    read = read_request(request([context(1, US_IMAGE + "\0", [IMPLICIT_VR_LE + " "])], calling=b" US 1\0\0"))
    assert read.calling_ae_title == "US 1"
    assert read.contexts == (Proposal(1, US_IMAGE, (IMPLICIT_VR_LE,)),)


@pytest.mark.parametrize(
    ("stated", "taken"),
    [(7, SMALLEST_PDU_BYTES), (0, MAX_PDU_BYTES), (None, MAX_PDU_BYTES), (2**32 - 1, 2**32 - 1)],
)
def test_longest_pdu_of_the_peer(stated: int | None, taken: int) -> None:
    user = () if stated is None else ((0x51, struct.pack(">L", stated)),)
    assert read_request(request([CONTEXT], user)).max_pdu_bytes == taken


def test_other_protocol_version_is_seen() -> None:
    pdu = bytearray(associate_rq("PREREAD", "US1"))
    pdu[6:8] = b"\0\2"
    assert not read_request(bytes(pdu)).version_is_known


def test_unknown_items_are_passed_over() -> None:
    read = read_request(request([CONTEXT, item(0x99, b"new")], [*USER_ITEMS, (0x5F, b"newer")]))
    assert len(read.contexts) == 1


def test_largest_real_request_is_read() -> None:
    syntaxes = [f"1.2.840.10008.1.2.4.{number}" for number in range(65)]
    read = read_request(
        proposing([(f"1.2.840.10008.5.1.4.1.1.{number}", syntaxes[:60]) for number in range(128)])
    )
    assert (len(read.contexts), len(read.contexts[-1].transfer_syntaxes)) == (128, 60)


@pytest.mark.parametrize(
    "pdu",
    [
        request([]),
        request([context(2, US_IMAGE, [IMPLICIT_VR_LE])]),
        request([CONTEXT, CONTEXT]),
        request([context(1, US_IMAGE, [])]),
        request([item(0x20, b"\1\0\0\0" + item(0x40, b"1.2"))]),
        request([item(0x20, b"\1")]),
        request([context(1, "1." * 33, [IMPLICIT_VR_LE])]),
        request([context(1, "1.\u00e4", [IMPLICIT_VR_LE])]),
        request([CONTEXT], calling=b""),
        request([CONTEXT], called=b"\0"),
        request([CONTEXT], calling=b"A\\B"),
        request([CONTEXT], calling=b"A\nB"),
        request([CONTEXT])[:-1],
        request([CONTEXT]) + b"\0",
        request([CONTEXT]).replace(b"\x10\0\0\x15", b"\x11\0\0\x15"),
        request([CONTEXT]).replace(b"\x51\0\0\x04", b"\x51\0\xff\x04"),
        request([CONTEXT, item(0x50, b"")]),
    ],
    ids=[
        "no context",
        "even ID",
        "two of one ID",
        "no transfer syntax",
        "no abstract syntax",
        "no ID",
        "UID too long",
        "UID not ASCII",
        "no calling AE title",
        "no called AE title",
        "backslash",
        "control character",
        "cut off",
        "longer than it says",
        "no application context",
        "item beyond the end",
        "user information twice",
    ],
)
def test_request_that_breaks_the_rules_is_a_protocol_error(pdu: bytes) -> None:
    with pytest.raises(ProtocolError, match="the association request is not readable") as error:
        read_request(pdu)
    assert error.value.reason is AbortReason.INVALID_PARAMETER


@pytest.mark.parametrize(
    "pdu",
    [
        request([item(0x20, b"")] * 60_000),
        request([item(0x20, b"\1\0\0\0" + TINY * 16_000)] * 4),
        request([CONTEXT], [(0x57, b"")] * 16_000),
        request([item(0x99, b"")] * 60_000),
        request([context(2 * at + 1, US_IMAGE, ["1"] * 129) for at in range(128)]),
    ],
    ids=["contexts", "transfer syntaxes", "user items", "unknown items", "both"],
)
def test_request_made_to_keep_us_busy_is_refused_after_a_bounded_number_of_items(pdu: bytes) -> None:
    assert len(pdu) <= MAX_REQUEST_BYTES + 6
    counted = Mock(wraps=struct.Struct(">BxH"), size=4)
    with patch.object(associate_request, "_ITEM", counted), pytest.raises(ProtocolError, match=MADE):
        read_request(pdu)
    assert counted.unpack_from.call_count <= MAX_CONTEXTS + 10 + MAX_TRANSFER_SYNTAXES + MAX_USER_ITEMS


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 250), junk=st.binary(max_size=12), cut=st.integers(0, 300))
def test_damaged_request_is_read_or_a_protocol_error(at: int, junk: bytes, cut: int) -> None:
    pdu = associate_rq("PREREAD", "US1")
    damaged = (pdu[:at] + junk + pdu[at + len(junk) :])[:cut]
    try:
        read_request(damaged)
    except ProtocolError:
        return
