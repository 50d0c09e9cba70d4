"""Peers with settings of their own, over real sockets and with both receivers."""

import pytest

from service.accept.association.negotiation import ASSOCIATE_RJ
from service.accept.scp import StorageSCP
from service.config.peers import Peer
from service.errors import ConfigurationError
from tests.fakes.associate import context, item, request
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, us_dataset
from tests.fakes.peer import ABORT, ASSOCIATE_AC, BadPeer
from tests.unit.accept.doubles import SCPS, Desk, associate, listening, rejection, send, wait_for

pytestmark = pytest.mark.usefixtures("receiver")
CONTEXTS = [(US_IMAGE, [EXPLICIT_VR_LE])]
ECHO = [("1.2.840.10008.1.1", [EXPLICIT_VR_LE])]


def test_dataset_over_the_bound_of_its_sender_is_answered_and_the_next_one_is_kept() -> None:
    peers = (Peer(ae_title="SCANNER", max_instance_bytes=10_000),)
    desk = Desk(peers=peers)
    with listening(desk) as scp:
        assert send(scp, us_dataset(PixelData=bytes(20_000)), us_dataset()) == [0xA700, 0x0000]
    assert len(desk.ledger.instances) == 1


def test_our_other_ae_titles_are_answered_on_the_same_port() -> None:
    with listening(Desk(extra_ae_titles=("MAMMO",))) as scp:
        answers = [associate(scp, CONTEXTS, called=title) for title in ("PREREAD", "MAMMO", "OTHER")]
        assert [answer.is_established for answer in answers] == [True, True, False]
        for answer in answers[:2]:
            answer.release()


def test_peer_gets_no_more_associations_than_its_own_and_others_still_do() -> None:
    with listening(Desk(peers=(Peer(ae_title="US1", max_associations=1),))) as scp:
        first = associate(scp, CONTEXTS, calling="US1")
        assert rejection(scp, calling="US1") == (2, 3, 2)
        other = associate(scp, CONTEXTS, calling="US2")
        assert (first.is_established, other.is_established) == (True, True)
        first.release()
        wait_for(lambda: scp.open_connections == 1)
        again = associate(scp, CONTEXTS, calling="US1")
        assert again.is_established
        again.release()
        other.release()


def test_while_space_is_low_who_would_store_is_rejected_as_transient_and_an_echo_is_answered() -> None:
    desk = Desk()
    low = [True]
    scp = SCPS[desk.settings.receiver](desk.settings, desk.receiver, port=0, is_space_low=lambda: low[0])
    scp.start()
    try:
        assert rejection(scp) == (2, 3, 2)
        verified = associate(scp, ECHO)
        assert verified.send_c_echo().Status == 0x0000
        verified.release()
        low[0] = False
        assert send(scp, us_dataset()) == [0x0000]
    finally:
        scp.stop(grace_s=5.0)


@pytest.mark.parametrize(
    "made",
    [
        request([context(2 * at + 1, US_IMAGE, ["1"] * 300) for at in range(100)]),
        request([item(0x20, b"")] * 60_000),
        request([context(1, US_IMAGE, [EXPLICIT_VR_LE])], [(0x57, b"")] * 16_000),
    ],
    ids=["transfer syntaxes", "contexts", "user items"],
)
def test_request_made_to_keep_us_busy_ends_the_connection_and_the_next_peer_is_served(made: bytes) -> None:
    with listening(Desk()) as scp, BadPeer(scp.port) as peer:
        peer.send(made)
        kind, _ = peer.receive_pdu()
        assert kind not in (ASSOCIATE_AC, ASSOCIATE_RJ)
        assert kind == ABORT or not isinstance(scp, StorageSCP)
        assert peer.ended()
        assert send(scp, us_dataset()) == [0x0000]


def test_peer_that_cannot_be_configured_is_said_before_listening() -> None:
    desk = Desk(peers=(Peer(ae_title="US1", sop_classes=("PET Image Storage",)),))
    with pytest.raises(ConfigurationError, match="'PET Image Storage', which is not received"):
        SCPS[desk.settings.receiver](desk.settings, desk.receiver, port=0)
