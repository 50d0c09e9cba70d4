"""What a durable write costs on this disk, since everything durable is bounded by it."""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.benchmarks.harness.results import Result
from tests.benchmarks.harness.rounds import interleaved

WRITTEN_BYTES = 525_000
"""A CT image."""
_RECYCLED_BYTES = 64 * 1024 * 1024
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def durable_writes(folder: Path, rounds: int) -> list[Result]:
    """Every way `rounds` times, in turns, in files under `folder`, which is made."""
    folder.mkdir(parents=True)
    data = os.urandom(WRITTEN_BYTES)
    with closing(_Recycled(folder / "recycled")) as recycled:
        ways: dict[str, Callable[[], None]] = {
            "new file, not flushed": lambda: _new_file(folder / "plain", data, flush=False),
            "new file, fdatasync, rename": lambda: _new_file(folder / "flushed", data, flush=True),
            "new file, fdatasync, rename, fsync of the folder": lambda: _new_named_file(
                folder / "named", data
            ),
            "recycled file overwritten, fdatasync": lambda: recycled.write(data),
        }
        measured = interleaved(ways, rounds)
    how = f"{WRITTEN_BYTES / 1e6:.3g} MB, median of {rounds}"
    return [
        Result(
            f"durable write: {way}",
            measured.median_s(way) * 1000,
            "ms",
            f"{how} ({min(seconds) * 1000:.2f} to {max(seconds) * 1000:.2f})",
        )
        for way, seconds in measured.seconds.items()
    ]


def file_system(folder: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """The type of the file system that `folder` is on, as in `ext4`."""
    best, kind = "", "unknown"
    for line in mounts.read_text(encoding="utf-8").splitlines():
        _, place, found, *_ = line.split()
        if folder.resolve().is_relative_to(place) and len(place) >= len(best):
            best, kind = place, found
    return kind


class _Recycled:
    """A file whose blocks were written before: flushing it changes no metadata."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, _CREATE)
        self._offset = 0
        os.write(self._descriptor, bytes(_RECYCLED_BYTES))
        os.fsync(self._descriptor)

    def write(self, data: bytes) -> None:
        if self._offset + len(data) > _RECYCLED_BYTES:
            self._offset = 0
        os.pwrite(self._descriptor, data, self._offset)
        os.fdatasync(self._descriptor)
        self._offset += len(data)

    def close(self) -> None:
        os.close(self._descriptor)


def _new_file(path: Path, data: bytes, flush: bool) -> None:
    """Under a temporary name first, as every receiver does that must not show half a file."""
    temporary = path.with_suffix(".tmp")
    path.unlink(missing_ok=True)
    descriptor = os.open(temporary, _CREATE)
    try:
        os.write(descriptor, data)
        if flush:
            os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    temporary.rename(path)


def _new_named_file(path: Path, data: bytes) -> None:
    _new_file(path, data, flush=True)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
