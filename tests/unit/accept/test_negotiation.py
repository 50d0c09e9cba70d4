"""The answers of our own negotiation, held against those of pynetdicom."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynetdicom import build_context
from pynetdicom.pdu import A_ASSOCIATE_AC
from pynetdicom.presentation import negotiate_as_acceptor

from service.accept.admission.admission import Rejection
from service.accept.association.associate_request import read_request
from service.accept.association.contexts import (
    STORAGE_SOP_CLASSES,
    TRANSFER_SYNTAXES,
    presentation_contexts,
    supported_contexts,
)
from service.accept.association.limits import MAX_PDU_BYTES
from service.accept.association.negotiation import accept, reject_pdu
from service.config.peers import Peer
from tests.fakes.associate import proposing
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE, US_IMAGE
from tests.fakes.peer import associate_rq
from tests.unit.accept.doubles import Desk, associate, listening

SUPPORTED = supported_contexts()
BIG_ENDIAN = "1.2.840.10008.1.2.2"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
Offered = list[tuple[str, list[str]]]


def decoded(answer: bytes) -> Any:
    pdu = A_ASSOCIATE_AC()
    pdu.decode(answer)
    return pdu


def test_answer_names_us_and_the_context() -> None:
    answer, contexts = accept(read_request(associate_rq("PREREAD", "US1")), SUPPORTED)
    (context,) = contexts.values()
    assert (context.context_id, context.abstract_syntax) == (1, US_IMAGE)
    assert context.transfer_syntax_uid == IMPLICIT_VR_LE
    pdu = decoded(answer)
    assert answer[10:42] == b"PREREAD".ljust(16) + b"US1".ljust(16)
    assert pdu.application_context_name == "1.2.840.10008.3.1.1.1"
    assert pdu.user_information.maximum_length == MAX_PDU_BYTES
    assert pdu.user_information.implementation_version_name == "PREREAD_0_1_0"


def test_answer_proposes_the_pdu_length_of_the_peer() -> None:
    answer, _ = accept(read_request(associate_rq("PREREAD", "US1")), SUPPORTED, 16384)
    assert decoded(answer).user_information.maximum_length == 16384


@settings(max_examples=100, deadline=None)
@given(
    offered=st.lists(
        st.tuples(
            st.sampled_from([US_IMAGE, SEGMENTATION, "1.2.840.10008.1.1", "1.2.3"]),
            st.lists(st.sampled_from([*TRANSFER_SYNTAXES, BIG_ENDIAN, "1.2"]), min_size=1, max_size=6),
        ),
        min_size=1,
        max_size=20,
    ),
    preferred=st.permutations(list(TRANSFER_SYNTAXES)),
)
def test_decisions_are_those_of_pynetdicom(offered: Offered, preferred: list[str]) -> None:
    supported = SUPPORTED | {US_IMAGE: tuple(preferred)}
    proposed = []
    for at, (uid, syntaxes) in enumerate(offered):
        proposed.append(build_context(uid, list(dict.fromkeys(syntaxes))))
        proposed[-1].context_id = 2 * at + 1
    theirs, _ = negotiate_as_acceptor(proposed, presentation_contexts(supported))
    answer, _ = accept(read_request(proposing(offered)), supported)
    items = decoded(answer).presentation_context
    assert [(cx.presentation_context_id, cx.result, cx.transfer_syntax) for cx in items] == [
        (cx.context_id, cx.result, cx.transfer_syntax[0]) for cx in theirs
    ]


def test_both_receivers_accept_the_same() -> None:
    """Every class, with all transfer syntaxes in reverse and with one of them; and what is not supported."""
    offered = [(uid, list(reversed(TRANSFER_SYNTAXES))) for uid in STORAGE_SOP_CLASSES]
    offered += [(uid, [syntax]) for uid in list(STORAGE_SOP_CLASSES)[:3] for syntax in TRANSFER_SYNTAXES]
    offered += [(SEGMENTATION, [EXPLICIT_VR_LE]), (US_IMAGE, [BIG_ENDIAN])]
    assert _results("own", offered) == _results("pynetdicom", offered)


@pytest.mark.parametrize("receiver", ["own", "pynetdicom"])
def test_peer_gets_its_classes_and_its_order_of_transfer_syntaxes(receiver: str) -> None:
    peer = Peer(
        ae_title="SCANNER",
        sop_classes=(US_IMAGE,),
        transfer_syntaxes=(JPEG_LOSSLESS, IMPLICIT_VR_LE),
        max_pdu_bytes=16384,
    )
    every = [EXPLICIT_VR_LE, IMPLICIT_VR_LE, JPEG_LOSSLESS]
    ct = "1.2.840.10008.5.1.4.1.1.2"
    offered = [(US_IMAGE, every), (US_IMAGE, [EXPLICIT_VR_LE]), (ct, every), ("1.2.840.10008.1.1", every)]
    assert _results(receiver, offered, peers=(peer,)) == [
        (1, 0, (JPEG_LOSSLESS,), 16384),
        (3, 4, (), 16384),
        (5, 3, (), 16384),
        (7, 0, (EXPLICIT_VR_LE,), 16384),
    ]
    unlisted = _results(receiver, offered, peers=(Peer(ae_title="OTHER", max_pdu_bytes=16384),))
    assert [(result, length) for _, result, _, length in unlisted] == [(0, MAX_PDU_BYTES)] * 4


def test_rejection_is_encoded() -> None:
    assert reject_pdu(Rejection.CALLED_AE_TITLE) == bytes([3, 0, 0, 0, 0, 4, 0, 1, 1, 7])


def _results(receiver: str, offered: Offered, **settings: Any) -> list[tuple[Any, ...]]:
    with listening(Desk(receiver=receiver, **settings)) as scp:
        assoc = associate(scp, offered)
        contexts = assoc.accepted_contexts + assoc.rejected_contexts
        length = assoc.acceptor.maximum_length
        assoc.release()
    return sorted(
        (cx.context_id, cx.result, tuple(cx.transfer_syntax)[: cx.result == 0], length) for cx in contexts
    )
