import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from service.config import AcceptSettings, Settings, StoreSettings
from service.storage.store.filesystem import FilesystemStore
from service.storage.store.memory import MemoryStore
from service.wiring.adapters import open_store
from service.wiring.space import low_space_notice, space_for_receiving

BUCKET = StoreSettings(kind="s3", bucket="images", endpoint_url="http://127.0.0.1:1")


def left(monkeypatch: pytest.MonkeyPatch, **free_bytes: int) -> None:
    """Have the disks of folders with these names tell so much."""

    def disk_usage(folder: Path) -> Any:
        return SimpleNamespace(free=free_bytes[folder.name])

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)


def test_store_alone_counts_where_the_journal_is_beside_it() -> None:
    assert space_for_receiving(Settings(), MemoryStore(7))() == 7


@pytest.mark.parametrize(("journal", "least"), [(3, 3), (9, 7)])
def test_journal_on_a_disk_of_its_own_counts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: int, least: int
) -> None:
    left(monkeypatch, journal=journal)
    settings = Settings(accept=AcceptSettings(journal_folder=tmp_path / "journal"))
    assert space_for_receiving(settings, MemoryStore(7))() == least


def test_journal_that_is_not_used_does_not_count(tmp_path: Path) -> None:
    accept = AcceptSettings(journal_folder=tmp_path / "journal", durability="direct")
    assert space_for_receiving(Settings(accept=accept), MemoryStore(7))() == 7


def test_with_a_bucket_the_disk_of_the_data_folder_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(store=BUCKET, data_folder=tmp_path)
    store = open_store(settings)
    assert list(tmp_path.iterdir()) == []
    left(monkeypatch, uploading=5)
    assert space_for_receiving(settings, store)() == 5


def test_without_one_the_store_is_a_folder_of_it(tmp_path: Path) -> None:
    assert isinstance(open_store(Settings(data_folder=tmp_path)), FilesystemStore)
    assert (tmp_path / "store").is_dir()


def test_notice_does_not_promise_that_removed_images_make_room_where_they_lie_elsewhere() -> None:
    assert "preread retention" in low_space_notice(Settings())
    elsewhere = low_space_notice(Settings(store=BUCKET))
    assert "preread retention" not in elsewhere
    assert "the journal" in elsewhere
