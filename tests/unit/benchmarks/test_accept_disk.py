from pathlib import Path

from tests.benchmarks.accept_disk import durable_writes, file_system

MOUNTS = "/dev/a / ext4 rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n/dev/b /data xfs rw 0 0\n"


def test_a_folder_is_on_the_innermost_file_system_around_it(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)

    assert file_system(Path("/dev/shm/bench"), mounts) == "tmpfs"
    assert file_system(Path("/data-of-others"), mounts) == "ext4"


def test_every_way_to_write_has_its_time(tmp_path: Path) -> None:
    results = durable_writes(tmp_path / "disk", rounds=2)

    assert len({result.measure for result in results}) == 4
    assert all(result.unit == "ms" and result.value and result.value > 0 for result in results)
