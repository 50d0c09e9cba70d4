"""How much more memory a receiver takes at its peak than before."""

from pathlib import Path

_RESET_PEAK = "5"
"""Written to `clear_refs`: the peak of resident memory begins anew (proc(5))."""
_PROCESS_GROUP = 2
"""Column of `stat` after the name."""


class PeakMemory:
    """Resident memory of all processes of the group that `leader` leads, from now on."""

    def __init__(self, leader: int, proc: Path = Path("/proc")) -> None:
        self._leader, self._proc = leader, proc
        for folder in self._processes():
            (folder / "clear_refs").write_text(_RESET_PEAK, encoding="ascii")
        self._before_kib = self._sum_kib("VmRSS")

    def extra_mib(self) -> float:
        """The peak since this object was made, less what was taken then."""
        return (self._sum_kib("VmHWM") - self._before_kib) / 1024

    def _sum_kib(self, field: str) -> int:
        return sum(_field_kib(folder / "status", field) for folder in self._processes())

    def _processes(self) -> list[Path]:
        return [folder for folder in self._proc.glob("[0-9]*") if _group(folder) == self._leader]


def _group(folder: Path) -> int | None:
    try:
        columns = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None  # it has ended meanwhile
    return int(columns[_PROCESS_GROUP])


def _field_kib(status: Path, field: str) -> int:
    for line in status.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    return 0
