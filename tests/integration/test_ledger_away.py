"""The database is away: receiving goes on, also after a restart, and all is entered when it is back."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from service.storage.ledger.ledger import Ledger
from service.storage.store.filesystem import FilesystemStore
from tests.integration.accept_role import AcceptRole, Scanner
from tests.servers.postgres import Postgres
from tests.unit.accept.doubles import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.fault]


@pytest.fixture
def database(postgres_server: Postgres) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    postgres_server.create_database(name)
    yield name
    postgres_server.drop_database(name)


def test_receiving_goes_on_without_the_database_and_catches_up(
    postgres_server: Postgres, database: str, tmp_path: Path
) -> None:
    url = postgres_server.url(database)
    postgres_server.stop()
    try:
        accept = AcceptRole(tmp_path, ledger={"url": url}, assemble={"quiet_period_s": 600.0})
        scanner = Scanner(accept.port)
        scanner.send(5)
        accept.kill_and_start()
        scanner.send(5)
        wait_for(lambda: "wait in the journal" in accept.log())
    finally:
        postgres_server.start()

    ledger = Ledger(url)
    ledger.upgrade()
    wait_for(lambda: _entered(ledger, scanner) == 10)
    store = FilesystemStore(accept.store_folder)
    with ledger.read() as tx:
        for uid, data in scanner.acknowledged.items():
            entry = tx.instances.find(uid)
            assert entry is not None
            assert store.get(entry.key).endswith(data)
    ledger.close()
    accept.stop()


def _entered(ledger: Ledger, scanner: Scanner) -> int:
    with ledger.read() as tx:
        return sum(tx.instances.find(uid) is not None for uid in scanner.acknowledged)
