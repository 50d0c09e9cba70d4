"""Peers that break the protocol: each loses its connection, and the next study is received."""

import struct
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.fakes.datasets import IMPLICIT_VR_LE, encoded, us_dataset
from tests.fakes.peer import ABORT, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, BadPeer, p_data, pdu, store_rq
from tests.unit.accept.doubles import Desk, listening, send, wait_for

pytestmark = pytest.mark.usefixtures("receiver")

Attack = Callable[[BadPeer], None]


def garbage(peer: BadPeer) -> None:
    peer.send(b"GET / HTTP/1.1\r\nHost: preread\r\n\r\n")


def half_a_pdu(peer: BadPeer) -> None:
    peer.associate()
    peer.send(pdu(P_DATA, b"\0" * 10, length=5000))


def half_a_header(peer: BadPeer) -> None:
    peer.send(b"\x01\x00\x00")


def absurd_length(peer: BadPeer) -> None:
    peer.associate()
    peer.send(pdu(P_DATA, b"\0" * 100, length=0xFFFFFFFF))


def absurd_length_of_the_first_pdu(peer: BadPeer) -> None:
    peer.send(pdu(0x01, b"\0" * 100, length=0x7FFFFFFF))


def silence(_peer: BadPeer) -> None:
    pass


def silence_after_association(peer: BadPeer) -> None:
    peer.associate()


def silence_in_a_dataset(peer: BadPeer) -> None:
    peer.associate()
    peer.send(p_data(store_rq("1.2.3"), command=True, last=True))
    peer.send(p_data(b"\x08\0\x16\0", command=False, last=False))


def abort_in_a_dataset(peer: BadPeer) -> None:
    silence_in_a_dataset(peer)
    peer.send(pdu(ABORT, b"\0\0\0\0"))


def command_without_end(peer: BadPeer) -> None:
    peer.associate()
    with suppress(ConnectionError):  # it may be cut off before it has sent all
        for _ in range(20):
            peer.send(p_data(bytes(16000), command=True, last=False))


def broken_command(peer: BadPeer) -> None:
    peer.associate()
    peer.send(p_data(b"\xff" * 50, command=True, last=True))


def context_that_was_not_agreed(peer: BadPeer) -> None:
    peer.associate()
    peer.send(p_data(store_rq("1.2.3"), command=True, last=True, context_id=77))
    peer.send(p_data(b"\0" * 10, command=False, last=True, context_id=77))


ATTACKS = [
    garbage, half_a_pdu, half_a_header, absurd_length, absurd_length_of_the_first_pdu, silence,
    silence_after_association, silence_in_a_dataset, abort_in_a_dataset, command_without_end, broken_command,
    context_that_was_not_agreed,
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.__name__ for attack in ATTACKS])
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom warns of what a broken command set holds
def test_bad_peer_loses_its_connection_and_the_next_study_is_received(attack: Attack) -> None:
    desk = Desk(network_timeout_s=1.0)
    with listening(desk) as scp, BadPeer(scp.port) as peer:
        attack(peer)
        assert send(scp, us_dataset()) == [0x0000]
        assert peer.ended()
        assert send(scp, us_dataset()) == [0x0000]
    assert len(desk.ledger.instances) == 2
    assert desk.reasons() == []


def test_bad_peers_do_not_use_up_the_associations() -> None:
    desk = Desk(network_timeout_s=30.0, max_associations=2)
    with listening(desk) as scp, BadPeer(scp.port), BadPeer(scp.port):
        assert send(scp, us_dataset()) == [0x0000]


def test_connection_that_closes_without_a_word_frees_its_place_at_once() -> None:
    with listening(Desk(network_timeout_s=30.0, max_associations=1)) as scp:
        for _ in range(10):  # as a load balancer's probe does
            with BadPeer(scp.port):
                pass
        # While the burst is being worked off, a connection may find all places taken.
        wait_for(lambda: _is_admitted(scp.port))


def test_connections_beyond_the_bound_are_closed_at_once() -> None:
    desk = Desk(network_timeout_s=30.0, max_associations=1)
    with listening(desk) as scp, BadPeer(scp.port), BadPeer(scp.port):
        wait_for(lambda: scp.open_connections == 2)
        with BadPeer(scp.port) as one_more:
            assert one_more.ended()


def test_pynetdicom_cuts_off_a_peer_that_does_not_wait_for_answers() -> None:
    dataset = us_dataset()
    message = p_data(store_rq(dataset.SOPInstanceUID), command=True, last=True) + p_data(
        encoded(dataset, IMPLICIT_VR_LE), command=False, last=True
    )
    desk = Desk(receiver="pynetdicom")
    with listening(desk) as scp, BadPeer(scp.port) as peer:
        assert peer.associate() == ASSOCIATE_AC
        desk.ledger.before_entry = lambda _one: peer.ended()
        peer.send(message * 50)
        assert peer.ended()


def test_raw_peer_that_behaves_is_served() -> None:
    dataset = us_dataset()
    desk = Desk()
    with listening(desk) as scp, BadPeer(scp.port) as peer:
        assert peer.associate() == ASSOCIATE_AC
        peer.send(p_data(store_rq(dataset.SOPInstanceUID), command=True, last=True))
        data = encoded(dataset, IMPLICIT_VR_LE)
        for at in range(0, len(data), 7):
            peer.send(p_data(data[at : at + 7], command=False, last=at + 7 >= len(data)))
        kind, answer = peer.receive_pdu()
    assert kind == P_DATA
    assert struct.pack("<HHLH", 0x0000, 0x0900, 2, 0x0000) in answer
    assert len(desk.ledger.instances) == 1


def test_raw_peer_sees_the_rejection() -> None:
    with listening(Desk()) as scp, BadPeer(scp.port) as peer:
        assert peer.associate(called="OTHER") == ASSOCIATE_RJ


def _is_admitted(port: int) -> bool:
    with BadPeer(port) as peer:
        return peer.associate() == ASSOCIATE_AC
