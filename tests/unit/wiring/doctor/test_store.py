import os
from pathlib import Path

import pytest

from service.errors import StoreUnavailable
from service.storage.store.memory import MemoryStore
from service.wiring.doctor import store as store_check
from service.wiring.doctor.disks import kind_of_disk, look_at_disks
from service.wiring.doctor.store import look_at_store
from tests.unit.wiring.doctor.told import check_words, outcomes, settings_in


class Forgetful(MemoryStore):
    """Gives other bytes than it was given."""

    def get(self, key: str) -> bytes:
        return super().get(key)[:-1] + b"x"


class Clinging(MemoryStore):
    """Does not delete."""

    def delete(self, key: str) -> None:
        """Nothing."""


def test_store_is_written_read_and_left_as_it_was(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, accept={"min_free_bytes": 0})
    settings.data_folder.mkdir(mode=0o750)
    found = check_words(look_at_store(settings))
    assert outcomes(found) == {"store": ["ok"], "space": ["ok"]}
    assert [path for path in (tmp_path / "data" / "store").rglob("*") if path.is_file()] == []


def test_folder_that_nobody_has_made_is_not_made(tmp_path: Path) -> None:
    assert outcomes(look_at_store(settings_in(tmp_path))) == {"store": ["skipped"]}
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("store", "words"), [(Forgetful, "not what was written"), (Clinging, "still there")])
def test_store_that_does_not_keep_its_word_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: type[MemoryStore], words: str
) -> None:
    settings = settings_in(tmp_path)
    settings.data_folder.mkdir(mode=0o750)
    monkeypatch.setattr(store_check, "open_store", lambda _settings: store())
    (found, *_) = check_words(look_at_store(settings))
    assert (found.outcome, words in found.seen) == ("failed", True)


def test_store_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    settings.data_folder.mkdir(mode=0o750)
    (settings.data_folder / "store").write_text("a file where the folder should be")
    with pytest.raises(StoreUnavailable):
        list(look_at_store(settings))


@pytest.mark.parametrize(("least", "outcome"), [(1.1, "failed"), (0.9, "warning"), (0.1, "ok")])
def test_space_is_compared_with_the_watermark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least: float, outcome: str
) -> None:
    free = 10**9
    settings = settings_in(tmp_path, accept={"min_free_bytes": int(least * free)})
    settings.data_folder.mkdir(mode=0o750)
    monkeypatch.setattr(store_check, "space_for_receiving", lambda *_: lambda: free)
    assert outcomes(check_words(look_at_store(settings)))["space"] == [outcome]


def test_other_user_than_the_service_s_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_in(tmp_path)
    settings.data_folder.mkdir(mode=0o750)
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    assert outcomes(check_words(look_at_store(settings)))["user"] == ["warning"]


def test_images_that_every_user_can_read_are_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, accept={"min_free_bytes": 0})
    settings.data_folder.mkdir(mode=0o755)
    settings.data_folder.chmod(0o755)
    assert outcomes(check_words(look_at_store(settings)))["folder"] == ["warning"]


def mounts(folder: Path, kind: str) -> Path:
    path = folder / "mounts"
    path.write_text(
        f"/dev/sda / ext4 rw 0 0\nserver:/x {folder}/da {kind} rw 0 0\nx {folder}/data {kind} rw 0 0\n"
    )
    return path


@pytest.mark.parametrize(
    ("kind", "journal", "ledger"),
    [
        ("ext4", ["ok"], []),
        ("tmpfs", ["failed", "ok"], ["failed"]),
        ("nfs4", ["warning", "ok"], ["failed"]),
    ],
)
def test_disks_that_lose_or_delay_what_is_received_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, journal: list[str], ledger: list[str]
) -> None:
    monkeypatch.setattr("service.wiring.doctor.disks.flush_s", lambda _folder: 0.001)
    settings = settings_in(tmp_path, accept={"min_free_bytes": 0})
    (settings.data_folder / "journal").mkdir(parents=True)
    found = outcomes(check_words(look_at_disks(settings, mounts(tmp_path, kind))))
    assert found["journal"] == journal
    assert found.get("ledger's file", []) == ledger


def test_journal_s_disk_is_flushed_and_left_as_it_was(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, accept={"min_free_bytes": 0})
    folder = settings.data_folder / "journal"
    folder.mkdir(parents=True)
    (found,) = [one for one in check_words(look_at_disks(settings)) if one.about == "journal"]
    assert "are flushed to the disk" in found.seen
    assert list(folder.iterdir()) == []


def test_journal_without_room_is_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, accept={"min_free_bytes": 2**60})
    (settings.data_folder / "journal").mkdir(parents=True)
    assert "warning" in outcomes(check_words(look_at_disks(settings)))["journal"]


def test_without_a_journal_none_is_looked_at(tmp_path: Path) -> None:
    found = outcomes(look_at_disks(settings_in(tmp_path, accept={"durability": "direct"})))
    assert found["journal"] == ["skipped"]


def test_disk_of_a_folder_is_the_nearest_mount_above_it(tmp_path: Path) -> None:
    assert kind_of_disk(tmp_path / "data" / "journal", mounts(tmp_path, "xfs")) == "xfs"
    assert kind_of_disk(tmp_path / "other", mounts(tmp_path, "xfs")) == "ext4"
    assert kind_of_disk(tmp_path, tmp_path / "none") == ""
