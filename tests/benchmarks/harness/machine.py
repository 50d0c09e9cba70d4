"""How busy the machine is: timings mean something only on one that has nothing else to do."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

IDLE_SHARE = 0.1
"""A machine is idle while less than this share of its processors' time is taken."""
IDLE_FOR_S = 5.0
LIMIT_S = 180.0
"""Longest wait for an idle machine; then measuring goes on and the results say so."""
_POLL_S = 1.0
_STAT = Path("/proc/stat")
_IDLE, _IO_WAIT, _GUEST = 3, 4, 8
"""Columns of the line `cpu` (proc(5)). Guest time is counted in user time already."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Clock ticks since the machine started, over all processors."""

    total: int
    idle: int

    @classmethod
    def now(cls, stat: Path = _STAT) -> Self:
        """Read from `stat`. Raises OSError, or ValueError where it is not in the form of proc(5)."""
        name, *columns = stat.read_text(encoding="ascii").splitlines()[0].split()
        if name != "cpu" or len(columns) <= _IO_WAIT:
            raise ValueError(f"{stat} does not begin with the line 'cpu' of proc(5)")
        ticks = [int(column) for column in columns[:_GUEST]]
        return cls(sum(ticks), ticks[_IDLE] + ticks[_IO_WAIT])

    def busy_since(self, before: "CpuTimes") -> float:
        """The share of processor time taken since `before`, 0 to 1."""
        total = self.total - before.total
        return 1.0 - (self.idle - before.idle) / total if total > 0 else 0.0


def wait_until_idle(
    say: Say,
    limit_s: float = LIMIT_S,
    *,
    read: Callable[[], CpuTimes] = CpuTimes.now,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Return True once the machine has been idle for IDLE_FOR_S, False when it was not within `limit_s`."""
    before, idle_s, waited_s = read(), 0.0, 0.0
    while idle_s < IDLE_FOR_S:
        if waited_s >= limit_s:
            say(f"the machine is still busy after {limit_s:.0f} s: measuring goes on, and the results say so")
            return False
        sleep(_POLL_S)
        now = read()
        busy, before = now.busy_since(before), now
        waited_s += _POLL_S
        if busy >= IDLE_SHARE and idle_s == 0.0:
            say(f"waiting for an idle machine: {busy:.0%} of the processors' time is taken")
        idle_s = idle_s + _POLL_S if busy < IDLE_SHARE else 0.0
    return True


class OthersLoad:
    """What other processes took of this machine's processors since this object was made."""

    def __init__(
        self, read: Callable[[], CpuTimes] = CpuTimes.now, own_ticks: Callable[[], int] | None = None
    ) -> None:
        """`own_ticks`: processor time of this process and of all that it has started, in clock ticks."""
        self._read, self._own_ticks = read, own_ticks or family_ticks
        self._before, self._own_before = read(), self._own_ticks()

    def share(self) -> float:
        """0 to 1."""
        now = self._read()
        total = now.total - self._before.total
        if total <= 0:
            return 0.0
        own = (self._own_ticks() - self._own_before) / total
        return min(max(now.busy_since(self._before) - own, 0.0), 1.0)


def family_ticks(proc: Path = Path("/proc"), pid: int | None = None) -> int:
    """Processor time in clock ticks of `pid`, by default this process, of all that it has started that still
    run, and of those that have ended. Raises OSError, KeyError for a process that is not there.
    """
    found = dict(_processes(proc))
    children: dict[int, list[int]] = {}
    for number, (parent, _) in found.items():
        children.setdefault(parent, []).append(number)
    ticks, waiting = 0, [os.getpid() if pid is None else pid]
    while waiting:
        number = waiting.pop()
        ticks += found[number][1]
        waiting.extend(children.get(number, ()))
    return ticks


def _processes(proc: Path) -> Iterator[tuple[int, tuple[int, int]]]:
    """Process id to parent and clock ticks, its ended children's among them (proc(5), `stat`)."""
    for folder in proc.glob("[0-9]*"):
        try:
            # After the name, which may hold anything: state, parent, ...
            columns = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        yield int(folder.name), (int(columns[1]), sum(int(ticks) for ticks in columns[11:15]))
