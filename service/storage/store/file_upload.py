"""Writing one file of the instance store: a temporary name first, flushed, then its own."""

import os
from collections.abc import Sequence
from pathlib import Path

from service.storage.store.disk import DurableFolders, translated
from service.storage.store.keys import check_key
from service.storage.store.port import Upload
from service.storage.store.writeback import begin_writeback

FLUSH_EVERY_BYTES = 16 * 1024 * 1024


class FileUpload(Upload):
    """Bytes on their way to a file under `folder`; `temporary` holds them until then.

    Raises OutOfSpace or StoreUnavailable when the temporary file cannot be made.
    """

    def __init__(self, folder: Path, temporary: Path, folders: DurableFolders) -> None:
        self._folder = folder
        self._temporary = temporary
        self._folders = folders
        self._closed = False
        self._written = self._begun = 0
        with translated(folder, "begin a file"):
            self._descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append `data`. Raises OutOfSpace, StoreUnavailable; ValueError after `commit` or `abort`."""
        self._require_open()
        with translated(self._folder, "write"):
            written = os.write(self._descriptor, data)
            while written < len(data):
                written += os.write(self._descriptor, memoryview(data)[written:])
            self._written += len(data)
            if self._written - self._begun >= FLUSH_EVERY_BYTES:
                self.begin_flush()

    def commit(self, key: str) -> None:
        """Flush the bytes, then their name.

        Raises OutOfSpace, StoreUnavailable; ValueError for a bad key, and after `commit` or `abort`.
        """
        commit_all([(self, key)])

    def abort(self) -> None:
        """Forget what was written; nothing happens after `commit` or another `abort`."""
        if not self._closed:
            self._remove()

    def begin_flush(self) -> None:
        """Have the system begin to write what it still holds."""
        begin_writeback(self._descriptor, self._begun, self._written - self._begun)
        self._begun = self._written

    def _flush(self) -> None:
        os.fdatasync(self._descriptor)
        self._close()

    def _require_open(self) -> None:
        if self._closed:
            raise ValueError("the upload has ended: begin another one")

    def _remove(self) -> None:
        """Raises nothing: what cannot be removed now is removed when the store is opened."""
        for step in (self._close, self._temporary.unlink):
            try:
                step()
            except OSError:
                continue

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            os.close(self._descriptor)


def commit_all(uploads: Sequence[tuple[FileUpload, str]]) -> None:
    """Flush the bytes of all uploads, then their names, which are their keys; there is at least one.

    Raises OutOfSpace, StoreUnavailable, and then each is kept or forgotten; ValueError for a bad key, and for
    an upload that has ended.
    """
    for upload, key in uploads:
        upload._require_open()
        check_key(key)
    first, key = uploads[0]
    try:
        with translated(first._folder, f"keep {key.split('/', maxsplit=1)[0]} data"):
            for upload, _ in uploads:
                upload._flush()
            first._folders.rename_all([(upload._temporary, upload._folder / key) for upload, key in uploads])
    except BaseException:
        for upload, _ in uploads:
            upload._remove()
        raise
