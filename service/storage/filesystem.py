"""The instance store in a folder: a key is a path under it, so a person can read the layout.

A write goes to a temporary file in `.incoming`, is flushed to the disk, and is renamed; the folders that
name it are flushed too. After a loss of power a key has its old bytes or its new ones, never a part.
"""

import errno
import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.errors import OutOfSpace, StoreUnavailable
from service.storage.keys import check_key, check_prefix

INCOMING = ".incoming"
LEFT_OVER_AFTER_S = 3600.0
"""A temporary file older than this belongs to nobody: no write takes an hour."""
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


class FilesystemStore:
    """Keeps bytes in files under `folder`, which is made where it is missing.

    Several threads and processes may use one folder. Raises StoreUnavailable when it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._incoming = self._folder / INCOMING
        self._flushed: set[Path] = set()
        self._lock = threading.Lock()
        with self._translated("be opened"):
            self._incoming.mkdir(parents=True, exist_ok=True)
            _flush_folder(self._folder)
            _flush_folder(self._folder.parent)
            self._remove_left_overs()

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`; return once it would survive a loss of power.

        Raises OutOfSpace when the disk or the quota is full, StoreUnavailable for every other failure of the
        file system, ValueError for a bad key.
        """
        path = self._path(key)
        temporary = self._incoming / f"{uuid.uuid4()}.tmp"
        with self._translated(f"keep {key.split('/', maxsplit=1)[0]} data"):
            try:
                _write_flushed(temporary, data)
                self._make_folder(path.parent)
                temporary.replace(path)
                _flush_folder(path.parent)
            finally:
                temporary.unlink(missing_ok=True)

    def get(self, key: str) -> bytes:
        """The bytes under `key`.

        Raises KeyError where there are none, StoreUnavailable when they cannot be read, ValueError for a bad
        key.
        """
        path = self._path(key)
        with self._translated("be read"):
            try:
                return path.read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                raise KeyError(key) from None

    def exists(self, key: str) -> bool:
        """Whether there are bytes under `key`. Raises ValueError for a bad key."""
        return self._path(key).is_file()

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin with `prefix`, sorted. Raises StoreUnavailable; ValueError for a bad prefix."""
        check_prefix(prefix)
        with self._translated("be listed"):
            found = self._walk(self._folder / prefix.rpartition("/")[0])
            return sorted(key for key in found if key.startswith(prefix))

    def delete(self, key: str) -> None:
        """Forget the bytes under `key`. Raises StoreUnavailable, and ValueError for a bad key."""
        with self._translated("delete"):
            self._path(key).unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """Bytes that this user may still write. Raises StoreUnavailable."""
        with self._translated("tell its free space"):
            return shutil.disk_usage(self._folder).free

    def _path(self, key: str) -> Path:
        check_key(key)
        return self._folder / key

    def _walk(self, top: Path) -> Iterator[str]:
        for folder, _, names in os.walk(top):
            place = Path(folder)
            if place != self._incoming:
                yield from ((place / name).relative_to(self._folder).as_posix() for name in names)

    def _make_folder(self, folder: Path) -> None:
        """Make `folder` and its parents so that they survive a loss of power.

        Which process made a parent, and whether it has flushed it yet, cannot be seen: so the whole chain is
        flushed the first time that this process meets a folder.
        """
        if folder in self._flushed and folder.is_dir():
            return
        folder.mkdir(parents=True, exist_ok=True)
        for parent in folder.parents:
            _flush_folder(parent)
            if parent == self._folder:
                break
        with self._lock:
            self._flushed.add(folder)

    def _remove_left_overs(self) -> None:
        now = time.time()
        for path in self._incoming.iterdir():
            if now - path.stat().st_mtime > LEFT_OVER_AFTER_S:
                path.unlink(missing_ok=True)

    @contextmanager
    def _translated(self, attempt: str) -> Iterator[None]:
        """Turn the file system's errors into ours."""
        try:
            yield
        except OSError as error:
            if error.errno in _NO_SPACE:
                raise OutOfSpace(
                    f"the disk of {self._folder} is full ({error.strerror}): free space there, or move "
                    "the data folder"
                ) from error
            raise StoreUnavailable(
                f"the store in {self._folder} cannot {attempt}: {error.strerror}; check that the disk "
                "is mounted and that this user may write there"
            ) from error


def _write_flushed(path: Path, data: bytes) -> None:
    with path.open("xb", buffering=0) as file:
        left = memoryview(data)
        while left:
            left = left[file.write(left) :]
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
