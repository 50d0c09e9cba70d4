"""`accept` is killed while scanners send two contents under each UID: none is lost, none is there twice."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.storage.ledger.ledger import Ledger
from service.storage.store.filesystem import FilesystemStore
from tests.fakes.datasets import IMPLICIT_VR_LE, encoded, us_dataset
from tests.fakes.peer import P_DATA, BadPeer, p_data, store_rq
from tests.integration.accept_role import PIECE_BYTES, SUCCESS, AcceptRole, Scanner

pytestmark = pytest.mark.fault

ROUNDS = int(os.environ.get("PREREAD_KILLS", "4"))
SIZES = (2_000, 300_000, 5_000_000)
"""Bytes of pixels: in the journal, and beside it."""


class TwiceScanner(Scanner):
    """Sends each instance, then another content under its UID; again what was not answered."""

    def __init__(self, port: int, seed: int) -> None:
        self.first: dict[str, bytes] = {}
        self.second: dict[str, bytes] = {}
        self._uid = ""
        self._waiting: list[bytes] = []
        super().__init__(port, seed)

    def _send(self, peer: BadPeer) -> bool:
        if not self._waiting:
            self._begin()
        data = self._waiting[0]
        peer.send(p_data(store_rq(self._uid), command=True, last=True))
        for at in range(0, len(data), PIECE_BYTES):
            piece = data[at : at + PIECE_BYTES]
            peer.send(p_data(piece, command=False, last=at + PIECE_BYTES >= len(data)))
        kind, answer = peer.receive_pdu()
        if kind == P_DATA and SUCCESS in answer:
            del self._waiting[0]
            (self.first if self._waiting else self.second)[self._uid] = data
        return kind == P_DATA

    def _begin(self) -> None:
        first = us_dataset(PixelData=self._random.randbytes(self._random.choice(SIZES)))
        uids = {name: first[name].value for name in ("SOPInstanceUID", "StudyInstanceUID")}
        second = us_dataset(**uids, PixelData=self._random.randbytes(self._random.choice(SIZES)))
        self._uid = first.SOPInstanceUID
        self._waiting = [encoded(one, IMPLICIT_VR_LE) for one in (first, second)]


@pytest.fixture(
    params=[
        ("keep_first", "journal"),
        pytest.param(("keep_first", "direct"), marks=pytest.mark.long),
        pytest.param(("replace", "journal"), marks=pytest.mark.long),
        ("replace", "direct"),
    ],
    ids="-".join,
)
def setting(request: pytest.FixtureRequest) -> tuple[str, str]:
    policy, durability = request.param
    return str(policy), str(durability)


@pytest.fixture
def accept(setting: tuple[str, str], tmp_path: Path) -> Iterator[AcceptRole]:
    settings = {"conflicting_instances": setting[0], "durability": setting[1]}
    accept = AcceptRole(tmp_path, accept=settings, assemble={"quiet_period_s": 600.0})
    yield accept
    accept.stop()


def test_killed_among_conflicts_it_keeps_both_contents_once(
    accept: AcceptRole, setting: tuple[str, str], tmp_path: Path
) -> None:
    moments = random.Random(2)
    scanners = [TwiceScanner(accept.port, seed) for seed in range(2)]
    for scanner in scanners:
        scanner.start()
    for _ in range(ROUNDS):
        time.sleep(moments.uniform(0.2, 1.0))
        accept.kill_and_start()
    time.sleep(0.5)
    for scanner in scanners:
        scanner.stop()
    accept.stop()  # settles what is in the journal

    store = FilesystemStore(tmp_path / "data" / "store")
    ledger = Ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite3'}")
    quarantined = [store.get(key) for key in store.keys("quarantine/") if key.endswith(".dcm")]
    pairs = 0
    for scanner in scanners:
        for uid, second in scanner.second.items():
            first = scanner.first[uid]
            kept, other = (first, second) if setting[0] == "keep_first" else (second, first)
            with ledger.read() as tx:
                entered = tx.instances.find(uid)
            assert entered is not None
            assert store.get(entered.key).endswith(kept)
            assert sum(file.endswith(other) for file in quarantined) == 1
            pairs += 1
    ledger.close()
    assert pairs > ROUNDS
