from pathlib import Path

import pytest

from tests.benchmarks.accept_memory import PeakMemory

LEADER = 70


def process(proc: Path, pid: int, group: int, resident_kib: int, peak_kib: int) -> None:
    folder = proc / str(pid)
    folder.mkdir(exist_ok=True)
    (folder / "stat").write_text(f"{pid} (a (b) c) S 1 {group} {group} 0\n")
    (folder / "status").write_text(f"Name:\tx\nVmHWM:\t{peak_kib} kB\nVmRSS:\t{resident_kib} kB\n")


def test_extra_memory_is_the_groups_peak_over_what_was_resident(tmp_path: Path) -> None:
    process(tmp_path, LEADER, LEADER, 10 * 1024, 90 * 1024)
    process(tmp_path, 71, LEADER, 5 * 1024, 5 * 1024)
    process(tmp_path, 99, 99, 0, 0)
    peak = PeakMemory(LEADER, tmp_path)

    process(tmp_path, LEADER, LEADER, 12 * 1024, 30 * 1024)
    process(tmp_path, 99, 99, 0, 500 * 1024)

    assert peak.extra_mib() == pytest.approx(30 + 5 - 15)
    assert (tmp_path / "71" / "clear_refs").read_text() == "5"
    assert not (tmp_path / "99" / "clear_refs").exists()
