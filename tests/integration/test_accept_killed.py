"""`accept` is killed again and again while scanners send: what was acknowledged is in ledger and store."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.storage.ledger.ledger import Ledger
from service.storage.store.filesystem import FilesystemStore
from tests.integration.accept_role import AcceptRole, Scanner

pytestmark = pytest.mark.fault

ROUNDS = int(os.environ.get("PREREAD_KILLS", "4"))
"""`make test-long` kills 100 times."""
SCANNERS = 3


@pytest.fixture(params=["journal", "direct"])
def accept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AcceptRole]:
    accept = AcceptRole(tmp_path, accept={"durability": request.param}, assemble={"quiet_period_s": 600.0})
    yield accept
    accept.stop()


def test_killed_again_and_again_it_loses_nothing_that_it_acknowledged(
    accept: AcceptRole, tmp_path: Path
) -> None:
    moments = random.Random(1)
    scanners = [Scanner(accept.port, seed) for seed in range(SCANNERS)]
    for scanner in scanners:
        scanner.start()
    for _ in range(ROUNDS):
        time.sleep(moments.uniform(0.2, 1.5))
        accept.kill_and_start()
    time.sleep(0.5)
    for scanner in scanners:
        scanner.stop()
    acknowledged = {uid: data for scanner in scanners for uid, data in scanner.acknowledged.items()}
    accept.stop()

    assert len(acknowledged) > 3 * ROUNDS
    ledger, store = Ledger(f"sqlite:///{tmp_path}/data/ledger.sqlite3"), FilesystemStore(accept.store_folder)
    with ledger.read() as tx:
        entries = {uid: tx.instances.find(uid) for uid in acknowledged}
    ledger.close()
    for uid, data in acknowledged.items():
        entry = entries[uid]
        assert entry is not None, "acknowledged and lost"
        assert store.get(entry.key).endswith(data)
