import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from service.errors import OutOfSpace, StoreUnavailable
from service.storage.store.filesystem import INCOMING, FilesystemStore
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
    _fail(monkeypatch, "fdatasync", number)
    with pytest.raises(OutOfSpace, match="free space there"):
        store.put(KEY, b"bytes")
    assert not store.exists(KEY)
    assert list((tmp_path / INCOMING).iterdir()) == []


def test_other_failure_of_the_disk_is_store_unavailable_and_keeps_the_old_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FilesystemStore(tmp_path)
    store.put(KEY, b"old")
    _fail(monkeypatch, "fdatasync", errno.EIO)
    with pytest.raises(StoreUnavailable, match="check that the disk is mounted"):
        store.put(KEY, b"new")
    assert store.get(KEY) == b"old"


STEPS = ["open", "write", "fdatasync", "fsync", "close", "replace"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("number", "raised"), [(errno.ENOSPC, OutOfSpace), (errno.EIO, StoreUnavailable)], ids=["ENOSPC", "EIO"]
)
def test_every_step_that_fails_is_told_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int, raised: type[Exception]
) -> None:
    store = FilesystemStore(tmp_path)
    store.put(KEY, b"old")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with monkeypatch.context() as patch:
        _fail(patch, step, number)
        with pytest.raises(raised), store.begin() as upload:
            upload.write(b"new")
            upload.commit(KEY)
    assert list((tmp_path / INCOMING).iterdir()) == []
    # The rename is done when the flush of the folder after it fails: old or new, both whole.
    assert store.get(KEY) == (b"new" if step == "fsync" else b"old")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    store.put(KEY, b"newer")
    assert store.get(KEY) == b"newer"


def test_short_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FilesystemStore(tmp_path)
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    store.put(KEY, b"0123456789")
    assert store.get(KEY) == b"0123456789"


def test_move_flushes_both_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FilesystemStore(tmp_path)
    store.put(KEY, b"bytes")
    store.put("quarantine/0.dcm", b"")
    events = _record_flushes(monkeypatch)
    store.move(KEY, "quarantine/1.dcm")
    assert events == [str(tmp_path / "quarantine"), str(tmp_path / "instances" / "1.2")]


def test_real_full_file_system_is_out_of_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    store = FilesystemStore(tmp_path)
    real_open = os.open

    def open_full(path: Path, flags: int, *mode: int) -> int:
        return real_open("/dev/full" if path.suffix == ".tmp" else path, flags & ~os.O_EXCL, *mode)

    monkeypatch.setattr(os, "open", open_full)
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

    def recording(flush: Callable[[int], None]) -> Callable[[int], None]:
        def record(descriptor: int) -> None:
            events.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
            flush(descriptor)

        return record

    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, recording(getattr(os, name)))
    return events


def _fail(monkeypatch: pytest.MonkeyPatch, step: str, number: int) -> None:
    """Have one call of the operating system fail; `close` closes and then fails, as Linux does."""
    close = os.close

    def fail(*arguments: int | str) -> None:
        if step == "close" and isinstance(arguments[0], int):
            close(arguments[0])
        raise OSError(number, os.strerror(number))

    if step == "replace":
        monkeypatch.setattr(Path, step, fail)
    else:
        monkeypatch.setattr(os, step, fail)
