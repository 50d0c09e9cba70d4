"""Which files of a folder are whole: those that nobody has changed for a while."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

UNFINISHED = ".part"
"""Suffix of a file that is being written; it is renamed when it is whole."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Changes when a file does."""

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Stamp":
        """The stamp in a file's status."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)

    def is_same_file(self, other: "Stamp") -> bool:
        """Whether it is one file, changed or not."""
        return (self.device, self.inode) == (other.device, other.inode)


@dataclass(frozen=True, slots=True)
class _Look:
    stamp: Stamp
    since: float
    """When it was first seen so."""


class FolderScan:
    """Looks through `folder`. Hidden files, symbolic links and the folders `left_out` are left alone."""

    def __init__(
        self,
        folder: Path,
        left_out: frozenset[Path],
        recursive: bool,
        settle_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._left_out = left_out
        self._recursive = recursive
        self._settle_s = settle_s
        self._clock = clock
        self._looks: dict[Path, _Look] = {}
        self.is_quiet = True
        """Whether nothing in the folder has changed for a while."""

    def whole(self) -> list[tuple[Path, Stamp]]:
        """The files that have settled since the last calls, sorted; again and again while they are there."""
        now = self._clock()
        self._looks = {path: self._look(path, stamp, now) for path, stamp in self._files()}
        self.is_quiet = all(now - look.since >= self._settle_s for look in self._looks.values())
        return sorted(
            (path, look.stamp)
            for path, look in self._looks.items()
            if path.suffix != UNFINISHED and now - look.since >= self._settle_s
        )

    def _look(self, path: Path, stamp: Stamp, now: float) -> _Look:
        before = self._looks.get(path)
        if before is not None and before.stamp == stamp:
            return before
        unfinished = self._looks.get(path.with_name(path.name + UNFINISHED))
        if unfinished is not None and unfinished.stamp.is_same_file(stamp):
            return _Look(stamp, float("-inf"))
        return _Look(stamp, now)

    def _files(self) -> Iterator[tuple[Path, Stamp]]:
        for root, folders, names in os.walk(self._folder):
            here = Path(root)
            folders[:] = [name for name in folders if self._recursive and self._enters(here / name)]
            for name in names:
                if not name.startswith("."):
                    yield from self._file(here / name)

    def _enters(self, folder: Path) -> bool:
        return folder not in self._left_out and not folder.name.startswith(".")

    def _file(self, path: Path) -> Iterator[tuple[Path, Stamp]]:
        try:
            status = path.lstat()
        except OSError:
            return  # gone meanwhile
        if S_ISREG(status.st_mode):
            yield path, Stamp.of(status)
