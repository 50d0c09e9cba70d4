from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynetdicom.pdu import A_ASSOCIATE_AC

from service.accept.abort import ProtocolError
from service.accept.admission import Rejection
from service.accept.contexts import STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES, supported_contexts
from service.accept.limits import MAX_PDU_BYTES
from service.accept.negotiation import SMALLEST_PDU_BYTES, accept, read_request, reject_pdu
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE, US_IMAGE
from tests.fakes.peer import associate_rq
from tests.unit.accept.doubles import Desk, associate, listening

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom warns of UIDs that are none


def test_request_is_read() -> None:
    request = read_request(associate_rq("PREREAD", "US1"))
    assert (request.called_ae_title, request.calling_ae_title) == ("PREREAD", "US1")
    assert (request.version_is_known, request.max_pdu_bytes, len(request.contexts)) == (True, 16384, 1)


def test_answer_names_us_and_the_context() -> None:
    answer, contexts = accept(read_request(associate_rq("PREREAD", "US1")), supported_contexts())
    (context,) = contexts.values()
    assert (context.context_id, context.abstract_syntax) == (1, US_IMAGE)
    assert context.transfer_syntax_uid == IMPLICIT_VR_LE
    pdu = A_ASSOCIATE_AC()
    pdu.decode(answer)
    assert pdu.user_information.maximum_length == MAX_PDU_BYTES
    assert pdu.user_information.implementation_version_name == "PREREAD_0_1_0"


def test_contexts_are_accepted_as_by_pynetdicom() -> None:
    """Every class, with all transfer syntaxes in reverse and with one of them; and what is not supported."""
    offered = [(uid, list(reversed(TRANSFER_SYNTAXES))) for uid in STORAGE_SOP_CLASSES]
    offered += [(uid, [syntax]) for uid in list(STORAGE_SOP_CLASSES)[:3] for syntax in TRANSFER_SYNTAXES]
    offered += [("1.2.840.10008.5.1.4.1.1.66.4", [EXPLICIT_VR_LE]), (US_IMAGE, ["1.2.840.10008.1.2.2"])]
    assert _results("own", offered) == _results("pynetdicom", offered)


def test_peer_that_takes_tiny_pdus_gets_the_smallest() -> None:
    request = associate_rq("PREREAD", "US1").replace((16384).to_bytes(4, "big"), (7).to_bytes(4, "big"))
    assert read_request(request).max_pdu_bytes == SMALLEST_PDU_BYTES


def test_other_protocol_version_is_seen() -> None:
    request = bytearray(associate_rq("PREREAD", "US1"))
    request[6:8] = b"\0\2"
    assert not read_request(bytes(request)).version_is_known


def test_rejection_is_encoded() -> None:
    assert reject_pdu(Rejection.CALLED_AE_TITLE) == bytes([3, 0, 0, 0, 0, 4, 0, 1, 1, 7])


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, 250), junk=st.binary(max_size=12), cut=st.integers(6, 300))
def test_damaged_request_is_read_or_a_protocol_error(at: int, junk: bytes, cut: int) -> None:
    request = associate_rq("PREREAD", "US1")
    damaged = (request[:at] + junk + request[at + len(junk) :])[:cut]
    try:
        accept(read_request(damaged), supported_contexts())
    except ProtocolError:
        return


def _results(receiver: str, offered: list[tuple[str, list[str]]]) -> list[tuple[Any, ...]]:
    with listening(Desk(receiver=receiver)) as scp:
        assoc = associate(scp, offered)
        contexts = assoc.accepted_contexts + assoc.rejected_contexts
        assoc.release()
    return sorted((cx.context_id, cx.result, tuple(cx.transfer_syntax)[: cx.result == 0]) for cx in contexts)
