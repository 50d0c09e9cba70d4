"""The instance store in a folder: a key is a path under it, so a person can read the layout.

A write goes to a temporary file in `.incoming`, is flushed to the disk, and is renamed; the folders that
name it are flushed too. After a loss of power a key has its old bytes or its new ones, never a part.
"""

import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from service.storage.store.disk import DurableFolders, flush_folder, translated
from service.storage.store.file_upload import FileUpload, commit_all
from service.storage.store.keys import check_key, check_prefix, is_key
from service.storage.store.port import File, Kept

INCOMING = ".incoming"
LEFT_OVER_AFTER_S = 3600.0
"""A temporary file without a write for so long belongs to nobody: no sender is waited for an hour."""


class FilesystemStore:
    """Keeps bytes in files under `folder`, which is made where it is missing.

    Several threads and processes may use one folder. Raises StoreUnavailable when it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._incoming = self._folder / INCOMING
        self._folders = DurableFolders(self._folder)
        with self._translated("be opened"):
            self._incoming.mkdir(parents=True, exist_ok=True)
            flush_folder(self._folder)
            flush_folder(self._folder.parent)
            self._remove_left_overs()

    def begin(self) -> FileUpload:
        """Begin a file. Raises OutOfSpace when the disk or the quota is full, StoreUnavailable."""
        return FileUpload(self._folder, self._incoming / f"{uuid.uuid4()}.tmp", self._folders)

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Keep `data` under `key`; return once it would survive a loss of power.

        Raises OutOfSpace when the disk or the quota is full, StoreUnavailable for every other failure of the
        file system, ValueError for a bad key.
        """
        check_key(key)
        with self.begin() as upload:
            upload.write(data)
            upload.commit(key)

    def put_all(self, files: Iterable[File]) -> None:
        """`put` each; the disk works on all of them at once. Raises as `put`."""
        with ExitStack() as begun:
            uploads = []
            for key, parts in files:
                upload = begun.enter_context(self.begin())
                for part in parts:
                    upload.write(part)
                upload.begin_flush()
                uploads.append((upload, key))
            if uploads:
                commit_all(uploads)

    def move(self, key: str, new_key: str) -> None:
        """Rename, durably. Raises KeyError without `key`, OutOfSpace, StoreUnavailable, ValueError."""
        old, new = self._path(key), self._path(new_key)
        with self._translated("move a file"):
            if not old.is_file():
                raise KeyError(key)
            self._folders.rename(old, new)
            flush_folder(old.parent)

    def get(self, key: str) -> bytes:
        """The bytes under `key`.

        Raises KeyError where there are none, StoreUnavailable when they cannot be read, ValueError for a bad
        key.
        """
        with self.open(key) as file, self._translated("be read"):
            return file.read()

    def open(self, key: str) -> BinaryIO:
        """The file under `key`. Raises as `get`; reading it raises OSError."""
        path = self._path(key)
        with self._translated("be read"):
            try:
                return path.open("rb")
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

    def walk(self, prefix: str) -> Iterator[Kept]:
        """All files whose keys begin with `prefix`. Raises as `keys`, and for what it may not list."""
        check_prefix(prefix)
        with self._translated("be listed"):
            for one in self._listed(self._folder / prefix.rpartition("/")[0]):
                if one.key.startswith(prefix):
                    yield one

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
            if place != self._incoming and names:
                at = place.relative_to(self._folder).as_posix()
                yield from (name if at == "." else f"{at}/{name}" for name in names)

    def _listed(self, folder: Path) -> Iterator[Kept]:
        """The folders in it as they come, then its own files, sorted."""
        files: list[str] = []
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir():
                    files.append(entry.path)
                elif not entry.name.startswith("."):
                    yield from self._listed(Path(entry.path))
        for path in map(Path, sorted(files)):
            key = path.relative_to(self._folder).as_posix()
            with suppress(FileNotFoundError):  # deleted since
                stat = path.stat()
                if is_key(key):
                    yield Kept(key, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    def _remove_left_overs(self) -> None:
        now = time.time()
        for path in self._incoming.iterdir():
            if now - path.stat().st_mtime > LEFT_OVER_AFTER_S:
                path.unlink(missing_ok=True)

    def _translated(self, attempt: str) -> AbstractContextManager[None]:
        return translated(self._folder, attempt)
