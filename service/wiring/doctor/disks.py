"""The disk of the journal and of the data folder: kept over a loss of power, fast, and with space."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile

from service.config import Settings
from service.storage.ledger.questions.examine import file_of
from service.storage.store.disk import free_bytes
from service.wiring.doctor.finding import Finding, failed, ok, skipped, warning

FLUSHES = 5
SLOW_FLUSH_S = 0.05
SEGMENT_BYTES = 32 * 1024**2
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_OVER_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p"})


def look_at_disks(settings: Settings, mounts: Path = Path("/proc/self/mounts")) -> Iterator[Finding]:
    """Raises StoreUnavailable."""
    if settings.accept.durability == "journal":
        folder = settings.accept.journal_folder or settings.data_folder / "journal"
        yield from _look_at_journal(folder, settings, mounts)
    else:
        yield skipped("journal", "there is none (accept.durability = direct)")
    database = file_of(settings.ledger_url)
    if database is not None:
        kind = kind_of_disk(database, mounts)
        if kind in _OVER_NETWORK:
            yield failed(
                "ledger's file",
                f"SQLite lies on {kind}, whose locks several processes cannot rely on",
                "put the data folder on a local disk, or use PostgreSQL (ledger.url)",
            )
        elif kind in _IN_MEMORY:
            yield failed("ledger's file", f"SQLite lies on {kind}: a restart loses it", "put it on a disk")


def _look_at_journal(folder: Path, settings: Settings, mounts: Path) -> Iterator[Finding]:
    kind = kind_of_disk(folder, mounts)
    if kind in _IN_MEMORY:
        yield failed(
            "journal",
            f"{folder} is {kind}: what was acknowledged is lost with the power",
            "set accept.journal_folder to a folder on a disk",
        )
    elif kind in _OVER_NETWORK:
        yield warning(
            "journal",
            f"{folder} is on {kind}, so that every image waits for the network",
            "set accept.journal_folder to a folder on a local disk",
        )
    if not folder.is_dir():
        yield skipped("journal", f"there is no folder {folder} yet: the role accept makes it")
        return
    needed, free = settings.accept.journal_segments * SEGMENT_BYTES, free_bytes(folder)
    if free < needed + settings.accept.min_free_bytes:
        yield warning(
            "journal",
            f"{free / 1024**3:.1f} GiB are free in {folder}; its segments take {needed / 1024**3:.2f} GiB",
            "make room there, or name another disk in accept.journal_folder",
        )
    yield _look_at_flush(folder)


def _look_at_flush(folder: Path) -> Finding:
    try:
        took_s = flush_s(folder)
    except OSError as error:
        return failed(
            "journal",
            f"{folder} cannot be written: {error.strerror}",
            "let the user of the service write there, and check that the disk is mounted for writing",
        )
    seen = f"64 KiB are flushed to the disk of {folder} in {took_s * 1000:.1f} ms"
    if took_s <= SLOW_FLUSH_S:
        return ok("journal", seen)
    return warning(
        "journal", seen, "every image waits for that: use a disk that flushes quickly, such as an SSD"
    )


def flush_s(folder: Path) -> float:
    """Seconds that 64 KiB take to be on the disk, by the median of some. Raises OSError."""
    took_s, data = [], os.urandom(64 * 1024)
    with TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(FLUSHES):
            began = time.monotonic()
            file.write(data)
            os.fsync(file.fileno())
            took_s.append(time.monotonic() - began)
    return median(took_s)


def kind_of_disk(path: Path, mounts: Path) -> str:
    """The file system that `path` is on, or will be, such as `ext4`; empty where that is not known."""
    where = path.absolute()
    try:
        lines = [line.split(" ") for line in mounts.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return ""
    holding = [(Path(line[1].replace("\\040", " ")), line[2]) for line in lines]
    fitting = [(len(mount.parts), kind) for mount, kind in holding if where.is_relative_to(mount)]
    return max(fitting, key=lambda one: one[0])[1] if fitting else ""
