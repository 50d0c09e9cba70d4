"""Mutated byte streams: the process lives, other associations go on, and nothing is left of them."""

import os
import random
import threading
from pathlib import Path

import pytest

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
from tests.unit.accept.doubles import Desk, close_clients, listening, send, wait_for

STREAMS = int(os.environ.get("PREREAD_FUZZ_STREAMS", "300"))
"""`make test-long` plays 20 000."""
EVERY = 50
"""After so many streams, a study must be received."""
SEED = int(os.environ.get("PREREAD_FUZZ_SEED", "20261121"))


def stream() -> list[bytes]:
    """A correct association with two instances, PDU by PDU."""
    pdus = [associate_rq("PREREAD", "FUZZER")]
    for _ in range(2):
        dataset = us_dataset(PixelData=bytes(2000))
        data = encoded(dataset, IMPLICIT_VR_LE)
        pdus.append(p_data(store_rq(dataset.SOPInstanceUID), command=True, last=True))
        pdus += [
            p_data(data[at : at + 700], command=False, last=at + 700 >= len(data))
            for at in range(0, len(data), 700)
        ]
    return [*pdus, pdu(0x05, bytes(4))]


def mutated(rng: random.Random) -> bytes:
    """The stream with PDUs lost, repeated and exchanged, bytes changed, and an end too early."""
    pdus = stream()
    for _ in range(rng.randrange(3)):
        at, other = rng.randrange(len(pdus)), rng.randrange(len(pdus))
        match rng.randrange(3):
            case 0:
                del pdus[at]
            case 1:
                pdus.insert(other, pdus[at])
            case _:
                pdus[at], pdus[other] = pdus[other], pdus[at]
    data = bytearray(b"".join(pdus))
    starts = [sum(map(len, pdus[:number])) for number in range(len(pdus))]
    for _ in range(rng.randrange(6)):
        near = rng.choice(starts) if rng.random() < 0.7 else rng.randrange(len(data))
        at = min(near + rng.randrange(12), len(data) - 1)
        data[at] = rng.choice([0, 1, 2, 0x7F, 0x80, 0xFF, rng.randrange(256)])
    return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.3 else data)


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom warns of UIDs that are none
def test_mutated_streams_leave_nothing_and_disturb_nobody(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    desk = Desk(store=FilesystemStore(tmp_path), network_timeout_s=5.0, max_associations=4)
    threads, descriptors = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
    failed: list[str] = []
    with listening(desk) as scp:
        for number in range(STREAMS):
            with BadPeer(scp.port) as peer:
                _play(peer, mutated(rng))
            if number % EVERY == EVERY - 1:
                wait_for(lambda: scp.open_connections == 0)
                failed += [str(status) for status in send(scp, us_dataset()) if status != 0]
                close_clients()
        wait_for(lambda: scp.open_connections == 0)
    wait_for(lambda: threading.active_count() <= threads)  # one of another test may have ended meanwhile
    assert failed == []
    assert list((tmp_path / INCOMING).iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors
    assert len(desk.ledger.instances) >= STREAMS // EVERY
    for instance in desk.ledger.instances.values():
        assert desk.store.exists(instance.key)


def _play(peer: BadPeer, data: bytes) -> None:
    """Send it all, then see what comes until the association has ended or the other side waits for more."""
    peer._socket.settimeout(0.2)
    try:
        peer.send(data)
        while (kind := peer.receive_pdu()[0]) not in {0, ABORT, ASSOCIATE_RJ, RELEASE_RP}:
            assert kind in {ASSOCIATE_AC, P_DATA}
    except (TimeoutError, ConnectionError):
        return
