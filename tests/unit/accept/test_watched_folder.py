import json
import os
import threading
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.accept.folder.exits import FolderExits
from service.accept.folder.file_receiver import FileReceiver
from service.accept.folder.watched import WatchedFolder
from service.config.watched_folder import WatchedFolderSettings
from service.errors import LedgerUnavailable, OutOfSpace, Retryable
from tests.fakes.datasets import part10, us_dataset
from tests.unit.accept.doubles import Desk

NAME = "DOE^JANE.dcm"


def watch(folder: Path, desk: Desk, **settings: Any) -> WatchedFolder:
    """Without waiting: what is there is whole."""
    values: dict[str, Any] = {"path": folder, "settle_s": 0}
    settings_of_it = WatchedFolderSettings(**values | settings)
    return WatchedFolder(folder, settings_of_it, FileReceiver(desk.receiver), threading.Event())


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_file_is_received_and_moved_to_done(tmp_path: Path) -> None:
    desk, dataset = Desk(), us_dataset()
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / NAME).write_bytes(part10(dataset))
    watched = watch(tmp_path, desk)
    watched.turn()
    watched.turn()
    (kept,) = desk.ledger.instances.values()
    assert (kept.sop_instance_uid, kept.calling_ae_title) == (dataset.SOPInstanceUID, "FOLDER")
    assert files(tmp_path) == [f"done/below/{NAME}"]


def test_file_may_be_deleted_instead(tmp_path: Path) -> None:
    desk = Desk()
    (tmp_path / NAME).write_bytes(part10(us_dataset(PixelData=bytes(3_000_000))))
    watch(tmp_path, desk, after="delete").turn()
    assert (files(tmp_path), len(desk.ledger.instances)) == ([], 1)


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"left breast, see image 3", "0xC000", "it is cut off, or not DICOM"),
        (bytes(1000), "0xC000", "no DICOM preamble"),
        (part10(us_dataset())[:-200], "0xC000", ""),
        (part10(us_dataset(SOPClassUID="1.2.840.10008.1.3.10")), "0x0122", "accept.extra_sop_classes"),
        (part10(us_dataset(PixelData=bytes(20_000))), "0xA700", "accept.max_instance_bytes"),
    ],
)
@pytest.mark.parametrize("after", ["move", "delete"])
def test_file_that_is_not_kept_is_moved_to_failed_with_the_reason(
    tmp_path: Path, data: bytes, status: str, reason: str, after: str
) -> None:
    (tmp_path / NAME).write_bytes(data)
    watch(tmp_path, Desk(max_instance_bytes=10_000), after=after).turn()
    assert files(tmp_path) == [f"failed/{NAME}", f"failed/{NAME}.reason.json"]
    written = json.loads((tmp_path / "failed" / f"{NAME}.reason.json").read_text())
    assert (written["status"], reason in written["reason"]) == (status, True)
    assert (tmp_path / "failed" / NAME).read_bytes() == data


def test_files_of_one_name_do_not_replace_each_other(tmp_path: Path) -> None:
    watched = watch(tmp_path, Desk())
    for _ in range(3):
        (tmp_path / NAME).write_bytes(part10(us_dataset()))
        watched.turn()
    assert files(tmp_path) == [f"done/{NAME}", f"done/{NAME}.1", f"done/{NAME}.2"]


@pytest.mark.parametrize("failure", [OutOfSpace("full"), LedgerUnavailable("away")])
def test_files_stay_while_nothing_can_be_received(tmp_path: Path, failure: Retryable) -> None:
    desk = Desk()
    desk.ledger.failure = failure
    for name in ("1.dcm", "2.dcm"):
        (tmp_path / name).write_bytes(part10(us_dataset()))
    watched = watch(tmp_path, desk)
    with pytest.raises(Retryable):
        watched.turn()
    assert files(tmp_path) == ["1.dcm", "2.dcm"]
    desk.ledger.failure = None
    watched.turn()
    assert files(tmp_path) == ["done/1.dcm", "done/2.dcm"]


def test_full_disk_is_told_without_reading_all(tmp_path: Path) -> None:
    desk = Desk(capacity_bytes=1000, min_free_bytes=999)
    (tmp_path / NAME).write_bytes(part10(us_dataset()))
    with pytest.raises(OutOfSpace, match=r"accept\.min_free_bytes"):
        watch(tmp_path, desk).turn()
    assert files(tmp_path) == [NAME]


def test_folder_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    watched = watch(tmp_path / "mount", Desk())
    with pytest.raises(Retryable, match="is not there"):
        watched.turn()
    (tmp_path / "mount").mkdir()
    watched.turn()


def test_file_that_cannot_be_read_stays_and_is_named_once_but_not_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, opened = Desk(), os.open

    def forbid(path: Path, flags: int) -> int:
        if path.name == NAME:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, flags)

    monkeypatch.setattr(os, "open", forbid)
    (tmp_path / NAME).write_bytes(part10(us_dataset()))
    (tmp_path / "other.dcm").write_bytes(part10(us_dataset()))
    watched = watch(tmp_path, desk)
    with capture_logs() as logs:
        watched.turn()
        watched.turn()
    assert files(tmp_path) == [NAME, "done/other.dcm"]
    assert [line["reason"] for line in logs if line["log_level"] == "warning"] == ["Permission denied"]
    assert NAME not in repr(logs)


def test_file_that_breaks_while_it_is_read_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(FileIO):
        def readinto(self, buffer: Any) -> int:
            if self.tell() > 0:
                raise OSError(5, "Input/output error")
            return super().readinto(buffer) or 0

    monkeypatch.setattr("service.accept.folder.watched.FileIO", Broken)
    desk = Desk()
    (tmp_path / NAME).write_bytes(part10(us_dataset(PixelData=bytes(3_000_000))))
    watch(tmp_path, desk).turn()
    assert (files(tmp_path), desk.store.keys(""), desk.ledger.instances) == ([NAME], [], {})


def change_while_read(path: Path) -> Callable[[object], object]:
    return lambda _instance: path.write_bytes(part10(us_dataset()))


def test_file_that_is_replaced_while_it_is_kept_is_received_anew(tmp_path: Path) -> None:
    desk = Desk()
    (tmp_path / NAME).write_bytes(part10(us_dataset(PixelData=bytes(100))))
    desk.ledger.before_entry = change_while_read(tmp_path / NAME)
    watched = watch(tmp_path, desk)
    watched.turn()
    assert files(tmp_path) == [NAME]
    desk.ledger.before_entry = lambda _instance: None
    watched.turn()
    assert (files(tmp_path), len(desk.ledger.instances)) == ([f"done/{NAME}"], 2)


def test_file_that_grows_while_it_is_read_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Growing(FileIO):
        def readinto(self, buffer: Any) -> int:
            with path.open("ab") as file:
                file.write(bytes(10))
            return FileIO.readinto(self, memoryview(buffer)[:100]) or 0 if self.tell() < 200 else 0

    path = tmp_path / NAME
    path.write_bytes(part10(us_dataset()))
    monkeypatch.setattr("service.accept.folder.watched.FileIO", Growing)
    desk = Desk()
    watch(tmp_path, desk).turn()
    assert (files(tmp_path), desk.ledger.instances) == ([NAME], {})


def test_link_that_takes_a_files_place_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(part10(us_dataset()))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / NAME).write_bytes(part10(us_dataset()))
    desk, opened = Desk(), os.open

    def swap(path: Path, flags: int) -> int:
        path.unlink()
        path.symlink_to(secret)
        return opened(path, flags)

    monkeypatch.setattr(os, "open", swap)
    watch(folder, desk).turn()
    assert desk.ledger.instances == {}
    assert secret.exists()


def test_file_that_cannot_be_moved_is_received_once_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, received = Desk(), list[object]()
    desk.ledger.before_entry = received.append
    (tmp_path / NAME).write_bytes(part10(us_dataset()))
    watched = watch(tmp_path, desk)
    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(FolderExits, "put_away", deny)
        watched.turn()
        watched.turn()
    assert (files(tmp_path), len(received)) == ([NAME], 1)
    assert [line["reason"] for line in logs if line["log_level"] == "warning"] == ["Read-only file system"]
    watched.turn()
    assert (files(tmp_path), len(received)) == ([f"done/{NAME}"], 1)


def deny(*_arguments: object) -> None:
    raise OSError(30, "Read-only file system")


def test_turn_ends_when_the_service_stops(tmp_path: Path) -> None:
    desk, stop = Desk(), threading.Event()
    desk.ledger.before_entry = lambda _instance: stop.set()
    for name in ("1.dcm", "2.dcm"):
        (tmp_path / name).write_bytes(part10(us_dataset()))
    settings = WatchedFolderSettings(path=tmp_path, settle_s=0)
    WatchedFolder(tmp_path, settings, FileReceiver(desk.receiver), stop).turn()
    assert files(tmp_path) == ["2.dcm", "done/1.dcm"]


def test_studies_are_released_once_nobody_brings_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, released, now = Desk(), list[str](), [0.0]
    monkeypatch.setattr(desk.receiver, "released", released.append)
    settings = WatchedFolderSettings(path=tmp_path, settle_s=2.0)
    files_of_it = FileReceiver(desk.receiver)
    watched = WatchedFolder(tmp_path, settings, files_of_it, threading.Event(), clock=lambda: now[0])
    (tmp_path / "1.dcm").write_bytes(part10(us_dataset(StudyInstanceUID="1.2.3")))
    watched.turn()
    (tmp_path / "2.dcm").write_bytes(part10(us_dataset(StudyInstanceUID="1.2.3")))
    now[0] = 2.0
    watched.turn()
    assert (files(tmp_path), released) == (["2.dcm", "done/1.dcm"], [])
    now[0] = 4.0
    watched.turn()
    watched.turn()
    assert (files(tmp_path), released) == (["done/1.dcm", "done/2.dcm"], ["1.2.3"])
