import os
from pathlib import Path

import pytest

from service.accept.folder.scan import FolderScan


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def scan(folder: Path, clock: Clock, recursive: bool = True) -> FolderScan:
    return FolderScan(folder, frozenset({folder / "done"}), recursive, 2.0, clock)


def names(scan: FolderScan, clock: Clock, now: float) -> list[str]:
    clock.now = now
    return [path.name for path, _ in scan.whole()]


def test_file_is_whole_once_it_has_not_changed_for_a_while(tmp_path: Path, clock: Clock) -> None:
    looking, file = scan(tmp_path, clock), tmp_path / "a"
    file.write_bytes(b"1")
    assert names(looking, clock, 0.0) == []
    assert names(looking, clock, 1.9) == []
    file.write_bytes(b"12")
    assert names(looking, clock, 2.0) == []
    os.utime(file, ns=(1, 1))
    assert names(looking, clock, 3.9) == []
    assert names(looking, clock, 5.8) == []
    assert names(looking, clock, 5.9) == ["a"]


def test_file_that_was_called_part_is_whole_when_it_is_renamed(tmp_path: Path, clock: Clock) -> None:
    looking, file = scan(tmp_path, clock), tmp_path / "a.dcm.part"
    file.write_bytes(b"1")
    assert names(looking, clock, 0.0) == names(looking, clock, 99.0) == []
    file.write_bytes(b"12")
    file.rename(tmp_path / "a.dcm")
    assert names(looking, clock, 99.1) == names(looking, clock, 99.2) == ["a.dcm"]


def test_new_file_beside_a_part_that_has_gone_is_not_taken_for_it(tmp_path: Path, clock: Clock) -> None:
    looking, part, file = scan(tmp_path, clock), tmp_path / "a.part", tmp_path / "a"
    part.write_bytes(b"1")
    assert names(looking, clock, 0.0) == []
    file.write_bytes(b"1")
    part.unlink()
    assert names(looking, clock, 0.1) == []


def test_hidden_files_links_pipes_and_folders_left_out_are_not_looked_at(
    tmp_path: Path, clock: Clock
) -> None:
    for name in ("below/b", "a", ".hidden", ".git/c", "done/d"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "below-link").symlink_to(tmp_path / "below")
    os.mkfifo(tmp_path / "pipe")
    looking = scan(tmp_path, clock)
    assert names(looking, clock, 0.0) == []
    assert names(looking, clock, 9.0) == ["a", "b"]


def test_folders_below_may_be_left_alone(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "b").write_bytes(b"1")
    looking = scan(tmp_path, clock, recursive=False)
    names(looking, clock, 0.0)
    assert names(looking, clock, 9.0) == []
