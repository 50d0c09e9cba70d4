"""Mutated streams of procedure steps and requests for commitment: the next correct one is served."""

import random
from pathlib import Path

import pytest

from service.study.procedure_step import ProcedureStepStatus
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

STREAMS = 150
SEED = 20261121


def message(command: bytes, dataset: bytes = b"") -> list[bytes]:
    pieces = [dataset[at : at + 200] for at in range(0, len(dataset), 200)]
    return [
        p_data(command, command=True, last=True),
        *(p_data(piece, command=False, last=piece is pieces[-1]) for piece in pieces),
    ]


def stream(sop_class_uid: str) -> list[bytes]:
    """A correct association, PDU by PDU; the response in it comes too early."""
    if sop_class_uid == MPPS:
        begins, ends = encoded(step_begins(), IMPLICIT_VR_LE), encoded(step_ends(["1.5.1"]), IMPLICIT_VR_LE)
        messages = message(command_set(N_CREATE, MPPS, (0x1000, uid_bytes(STEP))), begins)
        messages += message(command_set(N_SET, MPPS, (0x1001, uid_bytes(STEP))), ends)
    else:
        request = encoded(commitment_request([(US_IMAGE, "1.5.1")]), IMPLICIT_VR_LE)
        named = (0x1001, uid_bytes(COMMITMENT_INSTANCE)), (0x1008, number(1))
        messages = message(command_set(N_ACTION, COMMITMENT, *named), request)
        messages += message(event_report_rsp(1))
    return [associate_rq("PREREAD", "FUZZER", sop_class_uid), *messages, pdu(0x05, bytes(4))]


def mutated(rng: random.Random, pdus: list[bytes]) -> bytes:
    """PDUs lost, repeated and exchanged, bytes changed, and an end too early."""
    at, other = rng.randrange(len(pdus)), rng.randrange(len(pdus))
    match rng.randrange(4):
        case 0:
            del pdus[at]
        case 1:
            pdus.insert(other, pdus[at])
        case 2:
            pdus[at], pdus[other] = pdus[other], pdus[at]
    data = bytearray(b"".join(pdus))
    for _ in range(rng.randrange(6)):
        data[rng.randrange(len(pdus[0]), len(data))] = rng.choice([0, 1, 0x7F, 0xFF, rng.randrange(256)])
    return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.2 else data)


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom warns of UIDs that are none
def test_mutated_streams_disturb_nobody(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    desk = CommitmentDesk(tmp_path, network_timeout_s=5.0)
    with desk.listening() as scp:
        for turn in range(STREAMS):
            with BadPeer(scp.port, timeout_s=0.2) as peer:
                play(peer, mutated(rng, stream((MPPS, COMMITMENT)[turn % 2])))
        with BadPeer(scp.port) as peer:
            peer.send(b"".join(stream(MPPS)).replace(STEP.encode(), STEP[:-1].encode() + b"9"))
            assert [peer.receive_pdu()[0] for _ in range(4)] == [0x02, 0x04, 0x04, 0x06]
        wait_for(lambda: scp.open_connections == 0)
        assert not any(desk.held.holds(one.id) for one in desk.commitments())
    with desk.ledger.read() as tx:
        last = tx.procedure_steps.of_study(STUDY)[-1]
    assert (last.sop_instance_uid[-1], last.status) == ("9", ProcedureStepStatus.COMPLETED)
    desk.ledger.close()


def play(peer: BadPeer, data: bytes) -> None:
    """Send it all, then see what comes until the association has ended or the other side waits for more."""
    try:
        peer.send(data)
        while (kind := peer.receive_pdu()[0]) not in {0, ABORT, RELEASE_RP}:
            assert kind in {ASSOCIATE_AC, P_DATA}
    except (TimeoutError, ConnectionError):
        return
