"""Peers that break the protocol, one way each: what our own receiver answers, and that nothing is left."""

import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from service.accept.association.limits import LONGEST_PDU_BYTES, MAX_COMMAND_BYTES, MAX_REQUEST_BYTES
from service.storage.journal.draft import CONTENT_BYTES
from service.storage.store.filesystem import INCOMING, FilesystemStore
from tests.fakes.datasets import IMPLICIT_VR_LE, encoded, us_dataset
from tests.fakes.peer import (
    ABORT,
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    P_DATA,
    RELEASE_RP,
    BadPeer,
    associate_rq,
    p_data,
    pdu,
    store_rq,
)
from tests.unit.accept.doubles import Desk, listening, send, wait_for

Script = Callable[[BadPeer], None]
USER, UNSPECIFIED, UNRECOGNIZED, UNEXPECTED = b"\0\0\0\0", b"\0\0\2\0", b"\0\0\2\1", b"\0\0\2\2"
UNEXPECTED_PARAMETER, INVALID = b"\0\0\2\5", b"\0\0\2\6"
ASSOCIATE_RQ, RELEASE_RQ = 0x01, 0x05
DATASET = us_dataset()
DATA = encoded(DATASET, IMPLICIT_VR_LE)
COMMAND = p_data(store_rq(DATASET.SOPInstanceUID), command=True, last=True)
PART = p_data(DATA[:50], command=False, last=False)
LARGE = encoded(us_dataset(PixelData=bytes(2 * CONTENT_BYTES)), IMPLICIT_VR_LE)
STREAMED = b"".join(
    p_data(LARGE[at : at + 100_000], command=False, last=False) for at in range(0, CONTENT_BYTES + 1, 100_000)
)
"""As much of a dataset as is not held in memory any more."""


def command(field: int, *, dataset: bool = False, sop_class_uid: bytes = b"1.2.840.10008.1.1\0") -> bytes:
    """A request of any kind, as the only fragment of a PDU."""
    values = [
        (0x0002, sop_class_uid),
        (0x0100, struct.pack("<H", field)),
        (0x0110, b"\x05\0"),
        (0x0800, b"\x01\0" if dataset else b"\x01\x01"),
    ]
    body = b"".join(struct.pack("<HHL", 0, number, len(value)) + value for number, value in values)
    return p_data(body, command=True, last=True)


def fragment(size: int, data: bytes, control: int = 0) -> bytes:
    """A fragment whose length may be a lie."""
    return struct.pack(">LBB", size, 1, control) + data


ABORTED: dict[str, tuple[bytes, bytes]] = {
    "unknown PDU": (pdu(0x99, b"1234"), UNRECOGNIZED),
    "PDU type 0": (pdu(0x00, b"1234"), UNRECOGNIZED),
    "second association request": (associate_rq("PREREAD", "X"), UNEXPECTED),
    "association accepted": (pdu(ASSOCIATE_AC, bytes(68)), UNEXPECTED),
    "release response": (pdu(RELEASE_RP, bytes(4)), UNEXPECTED),
    "release with a wrong length": (pdu(RELEASE_RQ, bytes(5)), UNEXPECTED),
    "release within a message": (COMMAND + PART + pdu(RELEASE_RQ, bytes(4)), UNEXPECTED),
    "release within a command": (
        p_data(b"\0\0", command=True, last=False) + pdu(RELEASE_RQ, bytes(4)),
        UNEXPECTED,
    ),
    "PDU of 4 GB": (pdu(P_DATA, bytes(100), length=0xFFFFFFFF), INVALID),
    "PDU over the bound": (pdu(P_DATA, b"", length=LONGEST_PDU_BYTES + 1), INVALID),
    "PDU without fragments": (pdu(P_DATA, b""), INVALID),
    "fragment of no length": (pdu(P_DATA, fragment(0, b"")), INVALID),
    "fragment of length 1": (pdu(P_DATA, fragment(1, b"")), INVALID),
    "fragment beyond the PDU": (pdu(P_DATA, fragment(100, bytes(10))), INVALID),
    "fragment of 4 GB": (pdu(P_DATA, fragment(0xFFFFFFFF, bytes(10))), INVALID),
    "rest too short for a fragment": (pdu(P_DATA, fragment(2, b"", 1) + b"123"), INVALID),
    "context that was not accepted": (p_data(DATA, command=True, last=True, context_id=77), INVALID),
    "context changes": (COMMAND + p_data(DATA, command=False, last=True, context_id=3), UNEXPECTED_PARAMETER),
    "dataset without command": (PART, UNEXPECTED_PARAMETER),
    "command within a dataset": (COMMAND + PART + COMMAND, UNEXPECTED_PARAMETER),
    "dataset within a command": (p_data(b"\0\0", command=True, last=False) + PART, UNEXPECTED_PARAMETER),
    "dataset after an echo": (command(0x0030, dataset=True) + PART, UNEXPECTED_PARAMETER),
    "command without end": (
        p_data(bytes(16000), command=True, last=False) * (MAX_COMMAND_BYTES // 16000 + 1),
        INVALID,
    ),
    "garbage for a command": (p_data(b"\xff" * 50, command=True, last=True), USER),
    "empty command": (p_data(b"", command=True, last=True), USER),
    "response": (command(0x8001), USER),
}


@pytest.mark.parametrize(("sent", "answer"), ABORTED.values(), ids=list(ABORTED))
def test_broken_protocol_is_aborted_with_its_reason_and_leaves_nothing(
    sent: bytes, answer: bytes, tmp_path: Path
) -> None:
    desk = Desk(store=FilesystemStore(tmp_path))
    with listening(desk) as scp, BadPeer(scp.port) as peer:
        assert peer.associate() == ASSOCIATE_AC
        peer.send(sent)
        while (received := peer.receive_pdu())[0] == P_DATA:
            continue
        assert received == (ABORT, answer)
        assert peer.ended()
        assert send(scp, us_dataset()) == [0x0000]
        wait_for(lambda: scp.open_connections <= 1)
        assert list((tmp_path / INCOMING).iterdir()) == []
    assert desk.reasons() == []
    assert len(desk.ledger.instances) == 1


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"GET / HTTP/1.1\r\n", UNRECOGNIZED),
        (pdu(P_DATA, DATA), UNEXPECTED),
        (pdu(ASSOCIATE_RQ, b"", length=MAX_REQUEST_BYTES + 1), INVALID),
        (pdu(ASSOCIATE_RQ, b"too short"), INVALID),
        (pdu(ASSOCIATE_RQ, bytes(20_000)), INVALID),
        (associate_rq("PREREAD", ""), INVALID),
    ],
    ids=["http", "data", "too long", "too short", "zeros", "no calling AE title"],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_connection_that_does_not_begin_with_a_request_is_aborted(sent: bytes, answer: bytes) -> None:
    with listening(Desk()) as scp, BadPeer(scp.port) as peer:
        peer.send(sent)
        assert peer.receive_pdu() == (ABORT, answer)
        assert peer.ended()


def test_other_protocol_version_is_rejected() -> None:
    request = bytearray(associate_rq("PREREAD", "X"))
    request[6:8] = b"\0\2"
    with listening(Desk()) as scp, BadPeer(scp.port) as peer:
        peer.send(bytes(request))
        assert peer.receive_pdu() == (ASSOCIATE_RJ, b"\0\1\2\2")


def vanish(_peer: BadPeer) -> None: ...


def abort_it(peer: BadPeer) -> None:
    peer.send(pdu(ABORT, bytes(4)))


def half_a_fragment(peer: BadPeer) -> None:
    peer.send(p_data(DATA, command=False, last=True)[:40])


@pytest.mark.parametrize("ending", [vanish, abort_it, half_a_fragment])
def test_peer_that_ends_within_a_dataset_leaves_nothing(ending: Script, tmp_path: Path) -> None:
    desk = Desk(store=FilesystemStore(tmp_path))
    with listening(desk) as scp:
        with BadPeer(scp.port) as peer:
            peer.associate()
            peer.send(COMMAND + STREAMED)
            wait_for(lambda: any((tmp_path / INCOMING).iterdir()))
            ending(peer)
        wait_for(lambda: scp.open_connections == 0)
    assert list((tmp_path / INCOMING).iterdir()) == []
    assert desk.ledger.instances == {}


@pytest.mark.parametrize(
    "begun",
    [b"", COMMAND, COMMAND + PART, COMMAND + PART[:9]],
    ids=["idle", "command", "dataset", "half a PDU"],
)
def test_silent_peer_is_aborted_after_the_network_timeout(begun: bytes, tmp_path: Path) -> None:
    desk = Desk(store=FilesystemStore(tmp_path), network_timeout_s=0.5)
    with listening(desk) as scp, BadPeer(scp.port) as peer:
        peer.associate()
        peer.send(begun)
        assert peer.receive_pdu() == (ABORT, UNSPECIFIED)
        assert peer.ended()
    assert list((tmp_path / INCOMING).iterdir()) == []


def test_peer_that_trickles_a_pdu_is_aborted_while_another_is_served() -> None:
    with listening(Desk(network_timeout_s=0.5)) as scp, BadPeer(scp.port) as peer:
        peer.associate()
        over = threading.Event()

        def trickle() -> None:
            try:
                while not over.wait(0.05):
                    peer.send(b"\x04")
            except OSError:
                return

        sender = threading.Thread(target=trickle)
        sender.start()
        assert send(scp, us_dataset()) == [0x0000]
        assert peer.receive_pdu()[0] == ABORT
        over.set()
        sender.join()


def test_requests_that_do_not_wait_are_answered_in_order() -> None:
    desk = Desk()
    message = COMMAND + p_data(DATA, command=False, last=True)
    with listening(desk) as scp, BadPeer(scp.port) as peer:
        peer.associate()
        peer.send(message * 3 + command(0x0030) + pdu(RELEASE_RQ, bytes(4)))
        kinds = [peer.receive_pdu()[0] for _ in range(5)]
    assert kinds == [P_DATA, P_DATA, P_DATA, P_DATA, RELEASE_RP]
    assert len(desk.ledger.instances) == 1


@pytest.mark.parametrize("size", [1, 9])
def test_one_pdu_may_hold_command_and_dataset_in_many_fragments(size: int) -> None:
    desk = Desk()
    pieces = [
        fragment(len(DATA[at : at + size]) + 2, DATA[at : at + size]) for at in range(0, len(DATA), size)
    ]
    pieces.append(fragment(2, b"", control=2))
    with listening(desk) as scp, BadPeer(scp.port) as peer:
        peer.associate()
        peer.send(pdu(P_DATA, COMMAND[6:] + b"".join(pieces)))
        assert status_of(peer) == 0x0000
    (key,) = desk.store.keys("instances/")
    assert desk.store.get(key).endswith(DATA)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (command(0x0020, dataset=True) + p_data(DATA, command=False, last=True), 0x0211),
        (command(0x0150), 0x0211),
        (command(0x0001, dataset=True) + p_data(DATA, command=False, last=True), 0x0122),
        (command(0x0030), 0x0000),
        (command(0x0FFF) + command(0x0030), 0x0000),
        (command(0x0001, sop_class_uid=b"1.2.840.10008.5.1.4.1.1.6.1\0"), 0xC000),
    ],
    ids=["C-FIND", "N-DELETE", "C-STORE of another class", "C-ECHO", "C-CANCEL", "C-STORE without dataset"],
)
def test_request_gets_its_status_and_the_next_one_is_served(sent: bytes, status: int) -> None:
    desk = Desk()
    with listening(desk) as scp, BadPeer(scp.port) as peer:
        peer.associate()
        peer.send(sent)
        assert status_of(peer) == status
        assert desk.ledger.instances == {}
        peer.send(COMMAND + p_data(DATA, command=False, last=True))
        assert status_of(peer) == 0x0000


def test_stop_cuts_a_dataset_that_does_not_end_within_the_grace(tmp_path: Path) -> None:
    desk = Desk(store=FilesystemStore(tmp_path))
    with listening(desk) as scp, BadPeer(scp.port) as peer, BadPeer(scp.port) as silent:
        peer.associate()
        peer.send(COMMAND + STREAMED)
        wait_for(lambda: any((tmp_path / INCOMING).iterdir()))
        scp.stop(grace_s=0.2)
        assert peer.ended()
        assert silent.ended()
    assert list((tmp_path / INCOMING).iterdir()) == []


def test_many_associations_are_served_while_as_many_are_idle() -> None:
    desk = Desk(max_associations=120)
    with listening(desk) as scp:
        idle = [BadPeer(scp.port) for _ in range(60)]
        assert [peer.associate() for peer in idle] == [ASSOCIATE_AC] * 60
        statuses: list[list[int]] = []
        senders = [
            threading.Thread(target=lambda: statuses.append(send(scp, us_dataset()))) for _ in range(10)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert statuses == [[0x0000]] * 10
        for peer in idle:
            peer._socket.close()
        wait_for(lambda: scp.open_connections == 0)
    assert len(desk.ledger.instances) == 10


def status_of(peer: BadPeer) -> int:
    """The status in the next response."""
    kind, answer = peer.receive_pdu()
    assert kind == P_DATA
    at = answer.index(struct.pack("<HHL", 0x0000, 0x0900, 2))
    return int.from_bytes(answer[at + 8 : at + 10], "little")
