"""The service's wall clock, which can jump: libfaketime before every process of it."""

import os
from pathlib import Path

LIBRARY = "faketime/libfaketimeMT.so.1"


class Clock:
    """Reads its offset from a file, so that it can change while the service runs."""

    def __init__(self, folder: Path, library: Path) -> None:
        self._offset = folder / "clock-offset"
        self._library = library
        self.jump_to(0)

    def jump_to(self, offset_s: int) -> None:
        """So far before (negative) or after the real time from now on."""
        new = self._offset.with_suffix(".new")
        new.write_text(f"{offset_s:+d}s\n")
        new.replace(self._offset)

    @property
    def environment(self) -> dict[str, str]:
        """What processes need that shall have this clock. Durations stay true: that clock cannot jump."""
        return {
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent / "faked"), str(Path.cwd())]),
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


def clock(folder: Path) -> Clock | None:
    """A true clock that can jump; None where libfaketime is not installed (Debian package faketime)."""
    found = sorted(Path("/usr/lib").glob(f"*/{LIBRARY}"))
    return Clock(folder, found[0]) if found else None
