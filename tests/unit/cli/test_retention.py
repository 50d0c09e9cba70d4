import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from service.errors import ConfigurationError
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.schema.tables import studies
from service.storage.store.filesystem import FilesystemStore
from tests.unit.cli.conftest import Run
from tests.unit.storage.retention.test_images import deliver, now, receive, report


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


def test_dry_run_only_shows_what_would_be_removed(run: Run, store: FilesystemStore) -> None:
    shown = run("retention", "--images-days", "30", "--dry-run").stdout
    assert "0 studies, images of 1, 0 quarantined: nothing was removed, this was a dry run" in shown
    assert len(store.keys("instances/")) == 2


def test_images_are_removed(run: Run, store: FilesystemStore) -> None:
    told = json.loads(run("retention", "--images-days", "30", "--json").stdout)
    assert told["dry_run"] is False
    assert [(one["what"], one["files"], one["size_bytes"]) for one in told["removed"]] == [
        ("images", 2, 2000)
    ]
    assert store.keys("instances/") == []
    assert "nothing is older than it is kept" in run("retention", "--images-days", "30").stdout


def test_whole_studies_are_removed_once(run: Run, store: FilesystemStore) -> None:
    told = json.loads(run("retention", "--images-days", "30", "--studies-days", "35", "--json").stdout)
    assert [one["what"] for one in told["removed"]] == ["study"]
    assert store.keys("instances/") == []
    assert json.loads(run("status", "--json").stdout)["studies"] == []


def test_settings_decide(run: Run, store: FilesystemStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREREAD_RETENTION__IMAGES_DAYS", "60")
    assert json.loads(run("retention", "--dry-run", "--json").stdout)["removed"] == []
    monkeypatch.setenv("PREREAD_RETENTION__IMAGES_DAYS", "30")
    assert len(json.loads(run("retention", "--dry-run", "--json").stdout)["removed"]) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "everything is kept: set retention.images_days"),
        (("--images-days", "9", "--studies-days", "3"), "images_days is above studies_days"),
    ],
)
def test_what_cannot_be_meant_is_refused(run: Run, arguments: tuple[str, ...], complaint: str) -> None:
    result = run("retention", *arguments)
    assert isinstance(result.exception, ConfigurationError)
    assert complaint in str(result.exception)
