import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import update

from service.errors import ConfigurationError
from service.storage.filesystem import FilesystemStore
from service.storage.ledger import Ledger
from service.storage.schema import studies
from tests.unit.cli.conftest import Run
from tests.unit.storage.test_retention import deliver, now, receive, report


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    yield
    structlog.reset_defaults()  # the commands have sent logs to a stream that is closed now


@pytest.fixture
def store(run: Run, tmp_path: Path) -> FilesystemStore:
    """A study that was delivered 40 days ago, and its two images."""
    run("status")  # makes the ledger
    store = FilesystemStore(tmp_path / "data" / "store")
    ledger = Ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite3'}")
    for number in range(2):
        receive(ledger, store, number)
    report(ledger)
    deliver(ledger)
    with ledger.begin() as tx:
        tx.connection.execute(update(studies).values(updated_at=now() - timedelta(days=40)))
    ledger.close()
    return store


def test_prune_only_shows_what_it_would_remove(run: Run, store: FilesystemStore) -> None:
    shown = run("store", "prune", "--days", "30").stdout
    assert "2 images, 2.0 kB, of 1 study; nothing was removed yet: say --remove" in shown
    assert len(store.keys("instances/")) == 2


def test_prune_removes_when_told_to(run: Run, store: FilesystemStore) -> None:
    told = json.loads(run("store", "prune", "--days", "30", "--remove", "--json").stdout)
    assert (told["removed"], told["images"], told["size_bytes"]) == (True, 2, 2000)
    assert store.keys("instances/") == []
    assert "still has its images" in run("store", "prune", "--days", "30").stdout


def test_prune_goes_by_the_setting(run: Run, store: FilesystemStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREREAD_STORE__RETENTION_DAYS", "60")
    assert json.loads(run("store", "prune", "--json").stdout)["studies"] == []
    monkeypatch.setenv("PREREAD_STORE__RETENTION_DAYS", "30")
    assert len(json.loads(run("store", "prune", "--json").stdout)["studies"]) == 1


def test_prune_without_days_says_what_is_missing(run: Run) -> None:
    result = run("store", "prune")
    assert isinstance(result.exception, ConfigurationError)
    assert "store.retention_days is not set" in str(result.exception)
