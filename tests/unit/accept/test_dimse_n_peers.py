"""Raw peers of the DIMSE-N services: what does not fit is answered or ends the association."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.accept.association.n_services import MAX_DATASET_BYTES
from tests.fakes.datasets import IMPLICIT_VR_LE, US_IMAGE, encoded
from tests.fakes.modality import (
    COMMITMENT,
    COMMITMENT_INSTANCE,
    MPPS,
    N_ACTION,
    N_CREATE,
    N_SET,
    STEP,
    STUDY,
    command_set,
    commitment_request,
    event_report_rsp,
    number,
    step_begins,
    step_ends,
    uid_bytes,
)
from tests.fakes.peer import ABORT, ASSOCIATE_AC, P_DATA, RELEASE_RP, BadPeer, associate_rq, p_data, pdu
from tests.unit.accept.commitment_desk import CommitmentDesk
from tests.unit.accept.doubles import wait_for

STEP_BEGINS = encoded(step_begins(), IMPLICIT_VR_LE)
STEP_ENDS = encoded(step_ends(["1.5.1"]), IMPLICIT_VR_LE)
REQUEST = encoded(commitment_request([(US_IMAGE, "1.5.1")]), IMPLICIT_VR_LE)
NAMED = (0x1001, uid_bytes(STEP))
CREATE = command_set(N_CREATE, MPPS, (0x1000, uid_bytes(STEP)))
ASK = (0x1001, uid_bytes(COMMITMENT_INSTANCE)), (0x1008, number(1))


class Peer(BadPeer):
    """One presentation context, for one SOP Class in Implicit VR Little Endian."""

    def __init__(self, port: int, sop_class_uid: str) -> None:
        super().__init__(port)
        self.send(associate_rq("PREREAD", "US1", sop_class_uid))
        assert self.receive_pdu()[0] == ASSOCIATE_AC

    def ask(self, command: bytes, dataset: bytes = b"") -> dict[int, bytes]:
        """The elements of the response to a request."""
        self.send(p_data(command, command=True, last=True))
        if dataset:
            for at in range(0, len(dataset), 16000):
                piece = dataset[at : at + 16000]
                self.send(p_data(piece, command=False, last=at + 16000 >= len(dataset)))
        return self.receive_command()

    def receive_command(self) -> dict[int, bytes]:
        kind, data = self.receive_pdu()
        assert kind == P_DATA
        return elements(data[6:])


def elements(encoded_command: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at < len(encoded_command):
        _, element, length = struct.unpack_from("<HHL", encoded_command, at)
        found[element] = encoded_command[at + 8 : at + 8 + length]
        at += 8 + length
    return found


def status(response: dict[int, bytes]) -> int:
    return int.from_bytes(response[0x0900], "little")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[CommitmentDesk]:
    desk = CommitmentDesk(tmp_path, network_timeout_s=5.0)
    yield desk
    desk.ledger.close()


def test_response_has_the_fields_of_its_service(desk: CommitmentDesk) -> None:
    with desk.listening() as scp, Peer(scp.port, MPPS) as peer:
        created = peer.ask(CREATE, STEP_BEGINS)
        peer.ask(command_set(N_SET, MPPS, NAMED), STEP_ENDS)
        late = peer.ask(command_set(N_SET, MPPS, NAMED), STEP_ENDS)
        unnamed = peer.ask(command_set(N_CREATE, MPPS), STEP_BEGINS)
    assert created[0x0002].rstrip(b"\0").decode() == MPPS
    assert (created[0x0100], created[0x0120], created[0x0800]) == (number(0x8140), number(5), number(0x0101))
    assert created[0x1000].rstrip(b"\0").decode() == STEP
    assert (status(late), late[0x0903]) == (0x0110, number(0xA710))
    assert len(late[0x0902]) <= 64
    assert unnamed[0x1000].startswith(b"2.25.")


@pytest.mark.parametrize(
    ("command", "dataset", "expected"),
    [
        (command_set(N_CREATE, MPPS, dataset=False), b"", 0x0120),
        (CREATE, STEP_BEGINS[:-1], 0x0110),
        (CREATE, bytes(MAX_DATASET_BYTES + 100_000), 0x0213),
        (command_set(N_CREATE, COMMITMENT), STEP_BEGINS, 0x0118),
        (command_set(N_CREATE, MPPS, (0x1000, b"../../etc\0")), STEP_BEGINS, 0x0117),
        (command_set(N_SET, MPPS, NAMED), STEP_ENDS, 0x0112),
        (command_set(N_SET, MPPS), STEP_ENDS, 0x0112),
        (command_set(N_ACTION, MPPS, *ASK), REQUEST, 0x0211),
        (command_set(0x0110, MPPS, NAMED, dataset=False), b"", 0x0211),
        (command_set(0x0001, MPPS, (0x1000, uid_bytes(STEP))), STEP_BEGINS, 0x0122),
    ],
    ids=[
        "no dataset", "cut off", "too long", "other class", "no UID", "unknown step", "unnamed step",
        "action", "N-GET", "C-STORE",
    ],
)  # fmt: skip
def test_step_that_does_not_fit_is_refused_and_the_next_one_entered(
    desk: CommitmentDesk, command: bytes, dataset: bytes, expected: int
) -> None:
    with desk.listening() as scp, Peer(scp.port, MPPS) as peer:
        assert status(peer.ask(command, dataset)) == expected
        with desk.ledger.read() as tx:
            assert tx.procedure_steps.of_study(STUDY) == []
        assert status(peer.ask(CREATE, STEP_BEGINS)) == 0x0000


@pytest.mark.parametrize(
    ("command", "dataset", "expected"),
    [
        (command_set(N_ACTION, COMMITMENT, *ASK, dataset=False), b"", 0x0115),
        (command_set(N_ACTION, COMMITMENT, (0x1001, uid_bytes("1.2.3")), ASK[1]), REQUEST, 0x0112),
        (command_set(N_ACTION, COMMITMENT, ASK[0], (0x1008, number(2))), REQUEST, 0x0123),
        (command_set(N_ACTION, COMMITMENT, ASK[0]), REQUEST, 0x0123),
        (command_set(N_ACTION, COMMITMENT, *ASK), REQUEST[:-1], 0x0110),
        (command_set(0x0100, COMMITMENT, (0x1002, number(1))), REQUEST, 0x0112),
        (command_set(0x0110, COMMITMENT, dataset=False), b"", 0x0211),
    ],
    ids=["no dataset", "wrong instance", "unknown action", "no action", "cut off", "event report", "N-GET"],
)
def test_commitment_request_that_does_not_fit_is_refused_and_not_kept(
    desk: CommitmentDesk, command: bytes, dataset: bytes, expected: int
) -> None:
    with desk.listening() as scp, Peer(scp.port, COMMITMENT) as peer:
        assert status(peer.ask(command, dataset)) == expected
        assert desk.commitments() == []
        assert status(peer.ask(command_set(N_ACTION, COMMITMENT, *ASK), REQUEST)) == 0x0000


def test_report_on_the_same_association_is_answered(desk: CommitmentDesk) -> None:
    with desk.listening() as scp, Peer(scp.port, COMMITMENT) as peer:
        message_id = asked_and_told(desk, peer)
        peer.send(p_data(event_report_rsp(message_id), command=True, last=True))
        wait_for(lambda: desk.commitments()[0].answered_at is not None)
        peer.send(pdu(0x05, bytes(4)))
        assert peer.receive_pdu()[0] == RELEASE_RP


def test_request_that_crosses_the_report_is_answered(desk: CommitmentDesk) -> None:
    with desk.listening() as scp, Peer(scp.port, COMMITMENT) as peer:
        message_id = asked_and_told(desk, peer)
        assert status(peer.ask(command_set(N_ACTION, COMMITMENT, *ASK), REQUEST)) == 0x0000
        peer.send(p_data(event_report_rsp(message_id), command=True, last=True))
        wait_for(lambda: desk.commitments()[0].answered_at is not None)


@pytest.mark.parametrize("times", ["before", "twice", "other number"])
def test_response_that_nobody_waits_for_ends_the_association(desk: CommitmentDesk, times: str) -> None:
    with desk.listening() as scp, Peer(scp.port, COMMITMENT) as peer:
        message_id = 1 if times == "before" else asked_and_told(desk, peer)
        wrong = message_id + 1 if times == "other number" else message_id
        response = p_data(event_report_rsp(wrong), command=True, last=True)
        peer.send(response * 2 if times == "twice" else response)
        assert peer.receive_pdu() == (ABORT, bytes(4))
    for commitment in desk.commitments():
        assert (commitment.answered_at is not None) is (times == "twice")


@pytest.mark.parametrize("ending", ["release", "vanish", "failure"])
def test_report_that_is_not_answered_is_left_to_a_new_association(desk: CommitmentDesk, ending: str) -> None:
    with desk.listening() as scp, Peer(scp.port, COMMITMENT) as peer:
        message_id = asked_and_told(desk, peer)
        assert desk.held.holds(1)
        if ending == "release":
            peer.send(pdu(0x05, bytes(4)))
        elif ending == "failure":
            peer.send(p_data(event_report_rsp(message_id, 0x0110), command=True, last=True))
        else:
            peer._socket.close()
        wait_for(lambda: not desk.held.holds(1))
    (commitment,) = desk.commitments()
    assert (commitment.answered_at, commitment.attempts) == (None, 1)


def test_busy_peer_is_not_disturbed(desk: CommitmentDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but responses comes while requests follow each other, whatever is owed."""
    monkeypatch.setattr("service.accept.association.association.QUIET_BEFORE_REPORT_S", 4.0)
    desk.keep(sop_instance_uid="1.5.1")
    with desk.listening() as scp, Peer(scp.port, COMMITMENT) as peer:
        answers = [peer.ask(command_set(N_ACTION, COMMITMENT, *ASK), REQUEST) for _ in range(20)]
    assert {answer[0x0100] for answer in answers} == {number(0x8130)}


def test_silent_peer_is_aborted_although_a_report_is_owed(tmp_path: Path) -> None:
    desk = CommitmentDesk(tmp_path, network_timeout_s=1.0)
    with desk.listening() as scp, Peer(scp.port, COMMITMENT) as peer:
        assert status(peer.ask(command_set(N_ACTION, COMMITMENT, *ASK), REQUEST)) == 0x0000
        assert peer.receive_pdu() == (ABORT, b"\0\0\2\0")
        wait_for(lambda: not desk.held.holds(1))
    desk.ledger.close()


def asked_and_told(desk: CommitmentDesk, peer: Peer) -> int:
    """Ask about an instance that is kept, and take the report; its message ID."""
    desk.keep(sop_instance_uid="1.5.1")
    assert status(peer.ask(command_set(N_ACTION, COMMITMENT, *ASK), REQUEST)) == 0x0000
    report = peer.receive_command()
    assert (report[0x0100], report[0x1002]) == (number(0x0100), number(1))
    assert peer.receive_pdu()[0] == P_DATA  # its dataset
    return int.from_bytes(report[0x0110], "little")
