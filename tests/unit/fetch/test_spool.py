"""Files of what is on its way: bounded, private, and gone in the end, whatever ends the process."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.errors import OutOfSpace, TooLarge, UnsafeUID
from service.fetch.spool import Spool
from service.fetch.spooled import SpooledInstance
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE

KILLED = """
import os, sys
from pathlib import Path
from service.fetch.spool import Spool

spool = Spool(Path(sys.argv[1]), 1000).__enter__()
spool.begin("1.2", "1.3", "1.2.840.10008.1.2.1").write(b"half of it")
os.kill(os.getpid(), 9)
"""


def begin(spool: Spool, uid: str = "1.2.3") -> SpooledInstance:
    return spool.begin(US_IMAGE, uid, EXPLICIT_VR_LE)


def files(folder: Path) -> list[Path]:
    return list(folder.glob("*.dcm"))


def test_file_is_dicom_that_only_we_can_read_and_goes_with_the_spool(tmp_path: Path) -> None:
    with Spool(tmp_path, 1000) as spool:
        instance = begin(spool)
        instance.write(b"data")
        instance.write(memoryview(b"set"))
        instance.end()
        content = instance.path.read_bytes()
        assert (content[128:132], content[-7:]) == (b"DICM", b"dataset")
        assert instance.path.stat().st_mode & 0o777 == 0o600
        begin(spool, "1.2.4")
        assert len(files(tmp_path)) == 2
    assert files(tmp_path) == []


def test_dataset_over_the_bound_is_forgotten_and_named(tmp_path: Path) -> None:
    with Spool(tmp_path, 10) as spool:
        instance = begin(spool)
        instance.write(bytes(10))
        instance.write(b"!")
        assert files(tmp_path) == []
        instance.write(bytes(1000))
        with pytest.raises(TooLarge, match=r"more than 10 bytes: raise accept\.max_instance_bytes"):
            instance.end()


def test_name_that_is_no_uid_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with Spool(tmp_path, 10) as spool:
        instance = begin(spool, "../../etc/passwd")
        instance.write(b"data")
        with pytest.raises(UnsafeUID):
            instance.end()
        assert files(tmp_path) == []


def test_full_disk_is_out_of_space_and_leaves_nothing(tmp_path: Path) -> None:
    with Spool(tmp_path, 10**9) as spool:
        instance = begin(spool)
        assert instance._file is not None
        instance._file.close()
        instance._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - `remove` closes it
        instance.write(b"data")
        with pytest.raises(OutOfSpace, match="make room there"):
            instance.end()
    assert files(tmp_path) == []


def test_folder_that_cannot_be_had_is_out_of_space(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutOfSpace, match="nothing can be written"), Spool(tmp_path / "file", 10):
        pass


def test_what_a_killed_process_has_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert (done.returncode, len(files(tmp_path))) == (-9, 1)
    with Spool(tmp_path, 10):
        assert files(tmp_path) == []


def test_nothing_is_removed_while_another_process_is_at_work(tmp_path: Path) -> None:
    with Spool(tmp_path, 10) as first:
        instance = begin(first)
        with Spool(tmp_path, 10):
            assert files(tmp_path) == [instance.path]
        assert files(tmp_path) == [instance.path]


def test_bytes_that_come_after_the_end_are_forgotten(tmp_path: Path) -> None:
    with Spool(tmp_path, 1000) as spool:
        instance = begin(spool)
        instance.remove()
        instance.write(b"late")
        assert files(tmp_path) == []
