import errno
import os
import time
from pathlib import Path

import pytest

from service.errors import OutOfSpace, StoreUnavailable
from service.storage.filesystem import INCOMING, FilesystemStore
from tests.contracts.store import StoreContract

KEY = "instances/1.2/3.dcm"


class TestFilesystemStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FilesystemStore:
        return FilesystemStore(tmp_path / "store")


def test_person_can_read_the_layout(tmp_path: Path) -> None:
    FilesystemStore(tmp_path).put(KEY, b"bytes")
    assert (tmp_path / "instances" / "1.2" / "3.dcm").read_bytes() == b"bytes"


def test_put_flushes_file_and_every_folder_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FilesystemStore(tmp_path)
    events = _record_flushes(monkeypatch)
    store.put(KEY, b"bytes")
    folders = [tmp_path / "instances" / "1.2", tmp_path / "instances", tmp_path]
    assert events[0].startswith(str(tmp_path / INCOMING))
    assert set(events[1:]) == {str(folder) for folder in folders}
    assert events[-1] == str(folders[0])


def test_put_into_a_known_folder_flushes_file_and_folder_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FilesystemStore(tmp_path)
    store.put(KEY, b"bytes")
    events = _record_flushes(monkeypatch)
    store.put("instances/1.2/4.dcm", b"bytes")
    assert len(events) == 2
    assert events[1] == str(tmp_path / "instances" / "1.2")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_is_out_of_space_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store = FilesystemStore(tmp_path)
    _fail_fsync(monkeypatch, number)
    with pytest.raises(OutOfSpace, match="free space there"):
        store.put(KEY, b"bytes")
    assert not store.exists(KEY)
    assert list((tmp_path / INCOMING).iterdir()) == []


def test_other_failure_of_the_disk_is_store_unavailable_and_keeps_the_old_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FilesystemStore(tmp_path)
    store.put(KEY, b"old")
    _fail_fsync(monkeypatch, errno.EIO)
    with pytest.raises(StoreUnavailable, match="check that the disk is mounted"):
        store.put(KEY, b"new")
    assert store.get(KEY) == b"old"


def test_real_full_file_system_is_out_of_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    store = FilesystemStore(tmp_path)
    monkeypatch.setattr(Path, "open", lambda _path, _mode, buffering: open("/dev/full", "wb", buffering))  # noqa: PTH123, SIM115
    with pytest.raises(OutOfSpace):
        store.put(KEY, b"bytes")


def test_folder_that_cannot_be_made_is_store_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailable):
        FilesystemStore(tmp_path / "file" / "store")


def test_folder_that_was_deleted_meanwhile_is_made_again(tmp_path: Path) -> None:
    store = FilesystemStore(tmp_path)
    store.put(KEY, b"x")
    store.delete(KEY)
    (tmp_path / "instances" / "1.2").rmdir()
    store.put(KEY, b"y")
    assert store.get(KEY) == b"y"


def test_only_left_overs_older_than_an_hour_are_removed_on_opening(tmp_path: Path) -> None:
    FilesystemStore(tmp_path)
    young, old = tmp_path / INCOMING / "young.tmp", tmp_path / INCOMING / "old.tmp"
    for path, age_s in ((young, 3500), (old, 3700)):
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age_s,) * 2)
    store = FilesystemStore(tmp_path)
    assert (young.exists(), old.exists()) == (True, False)
    assert store.keys("") == []


def test_value_survives_reopening(tmp_path: Path) -> None:
    FilesystemStore(tmp_path).put(KEY, b"bytes")
    assert FilesystemStore(tmp_path).get(KEY) == b"bytes"


def _record_flushes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the files and folders that are flushed, in order."""
    events: list[str] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        events.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    return events


def _fail_fsync(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
