from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.benchmarks.harness.machine import IDLE_FOR_S, CpuTimes, OthersLoad, family_ticks, wait_until_idle

STAT = "cpu  100 20 30 800 40 0 5 5 7 0\ncpu0 100 20 30 800 40 0 5 5 7 0\n"


def reading(*busy_ticks: int) -> Callable[[], CpuTimes]:
    """Readings a hundred ticks apart; the last one goes on for ever."""

    def readings() -> Iterator[CpuTimes]:
        total = idle = 0
        yield CpuTimes(total, idle)
        for ticks in busy_ticks:
            total, idle = total + 100, idle + 100 - ticks
            yield CpuTimes(total, idle)
        while True:
            total, idle = total + 100, idle + 100 - busy_ticks[-1]
            yield CpuTimes(total, idle)

    every = readings()
    return lambda: next(every)


class Sleeper:
    def __init__(self) -> None:
        self.slept_s = 0.0

    def __call__(self, seconds: float) -> None:
        self.slept_s += seconds


def test_idle_and_waiting_time_are_told_from_work_and_guests_count_once(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text(STAT)

    assert CpuTimes.now(tmp_path / "stat") == CpuTimes(total=1000, idle=840)


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("intr 1 2 3\n")

    with pytest.raises(ValueError, match="proc"):
        CpuTimes.now(tmp_path / "stat")


def test_the_busy_share_is_of_the_time_between() -> None:
    assert CpuTimes(300, 150).busy_since(CpuTimes(100, 100)) == pytest.approx(0.75)
    assert CpuTimes(100, 100).busy_since(CpuTimes(100, 100)) == 0.0


def test_an_idle_machine_is_waited_for_no_longer_than_it_takes_to_see_it() -> None:
    sleep, said = Sleeper(), list[str]()

    assert wait_until_idle(said.append, read=reading(3), sleep=sleep)

    assert (sleep.slept_s, said) == (IDLE_FOR_S, [])


def test_idle_seconds_must_follow_each_other() -> None:
    sleep, said = Sleeper(), list[str]()

    assert wait_until_idle(said.append, read=reading(90, 1, 1, 50, 2), sleep=sleep)

    assert sleep.slept_s == 4 + IDLE_FOR_S
    assert "90%" in said[0]


def test_a_machine_that_stays_busy_is_given_up_and_that_is_said() -> None:
    sleep, said = Sleeper(), list[str]()

    assert not wait_until_idle(said.append, limit_s=30, read=reading(50), sleep=sleep)

    assert sleep.slept_s == 30
    assert "still busy after 30 s" in said[-1]


def test_what_others_took_is_what_was_busy_less_what_was_ours() -> None:
    own = iter([1000, 1050])
    load = OthersLoad(reading(80), lambda: next(own))

    assert load.share() == pytest.approx(0.3)


def test_the_time_of_a_family_is_that_of_all_descendants(tmp_path: Path) -> None:
    for pid, parent, ticks in ((10, 1, 5), (11, 10, 7), (12, 11, 11), (20, 1, 1000)):
        process = tmp_path / str(pid)
        process.mkdir()
        columns = f"S {parent} 0 0 0 0 0 0 0 0 0 {ticks} 1 2 3 20 0"
        (process / "stat").write_text(f"{pid} (a (name) with)parts) {columns}\n")

    assert family_ticks(tmp_path, 10) == 5 + 7 + 11 + 3 * 6
