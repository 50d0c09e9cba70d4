"""A small disk of its own for the service's data, so that it can run full and nothing else does."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MIB = 1024**2
SIZE_MIB = 512
ATTEMPTS = 50
"""Each of a disk that somebody else writes to; each takes a block less."""


class SmallDisk:
    """A file system in memory, mounted at `folder`; mounting takes root's rights."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, leave_mib: int) -> None:
        """Take all space but this, while others go on writing."""
        for attempt in range(ATTEMPTS):
            with self._filler.open("wb") as filler:
                free = os.statvfs(self.folder)
                size = free.f_bavail * free.f_frsize - leave_mib * MIB - attempt * free.f_frsize
                try:
                    return os.posix_fallocate(filler.fileno(), 0, max(1, size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
        raise RuntimeError(f"{self.folder} could not be filled: others take and give space all the time")

    def empty(self) -> None:
        """Give the space back."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk | None]:
    """Mounted, and unmounted at the end. None where we may not mount; `folder` is a plain folder then."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=755", "preread-faults", str(folder)]
    try:
        is_mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    except OSError:
        is_mounted = False
    try:
        yield SmallDisk(folder) if is_mounted else None
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
