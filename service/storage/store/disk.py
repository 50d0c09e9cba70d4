"""What the instance store asks of the file system: durable folders, and its errors turned into ours."""

import errno
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from service.errors import OutOfSpace, StoreUnavailable

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


class DurableFolders:
    """Makes folders under `top` so that they survive a loss of power. Threads may share one."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._flushed: set[Path] = set()
        self._lock = threading.Lock()

    def make(self, folder: Path) -> None:
        """Make `folder` and its parents. Raises OSError.

        Which process made a parent, and whether it has flushed it yet, cannot be seen: so the whole chain is
        flushed the first time that this process meets a folder.
        """
        if folder in self._flushed and folder.is_dir():
            return
        folder.mkdir(parents=True, exist_ok=True)
        for parent in folder.parents:
            flush_folder(parent)
            if parent == self._top:
                break
        with self._lock:
            self._flushed.add(folder)

    def rename(self, old: Path, new: Path) -> None:
        """Name a file that is flushed, and flush its name. Raises OSError; then it may have either name."""
        self.rename_all([(old, new)])

    def rename_all(self, names: Sequence[tuple[Path, Path]]) -> None:
        """`rename` each; each folder is flushed once. Raises OSError; then each may have either name."""
        for old, new in names:
            self.make(new.parent)
            old.replace(new)
        for folder in {new.parent for _, new in names}:
            flush_folder(folder)


def flush_folder(folder: Path) -> None:
    """Make the names in `folder` durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def free_bytes(folder: Path) -> int:
    """Bytes that this user may still write to the disk of `folder`, which is made where it is missing.

    Raises StoreUnavailable.
    """
    with translated(folder, "tell its free space"):
        folder.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(folder).free


@contextmanager
def translated(folder: Path, attempt: str) -> Iterator[None]:
    """Turn the file system's errors into OutOfSpace and StoreUnavailable."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise OutOfSpace(
                f"the disk of {folder} is full ({error.strerror}): free space there, or move the data folder"
            ) from error
        raise StoreUnavailable(
            f"the store in {folder} cannot {attempt}: {error.strerror}; check that the disk is mounted and "
            "that this user may write there"
        ) from error
