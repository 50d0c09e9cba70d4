"""An object on its way into a bucket: a file without a name on this machine's disk, then the bucket.

Its key, which holds the digest of its bytes, is known at its end only, and an object cannot be renamed. So
nothing of it is in the bucket before: no sender that breaks off leaves anything there.
"""

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, Executor, wait
from contextlib import contextmanager, suppress
from pathlib import Path

from service.errors import OutOfSpace, StoreUnavailable
from service.storage.store.disk import translated
from service.storage.store.keys import check_key
from service.storage.store.port import Upload
from service.storage.store.s3.bucket import Bucket

PART_BYTES = 16 * 1024 * 1024
"""Of an object that is sent in parts, several at one time. S3 takes 10 000 of at least 5 MiB."""


class S3Upload(Upload):
    """Bytes on their way to an object; a file in `folder` holds them until then.

    Raises OutOfSpace or StoreUnavailable when the file cannot be made.
    """

    def __init__(self, bucket: Bucket, folder: Path, pool: Executor) -> None:
        self._bucket = bucket
        self._folder = folder
        self._pool = pool
        self._size_bytes = 0
        with translated(folder, "begin a file"):
            folder.mkdir(parents=True, exist_ok=True)
            # It has no name, so a crash leaves nothing; and it need not survive one: no sender has an answer.
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append `data`. Raises OutOfSpace, StoreUnavailable; ValueError after `commit` or `abort`."""
        self._require_open()
        rest = memoryview(data)
        with translated(self._folder, "write"):
            while rest:
                rest = rest[self._file.write(rest) :]
        self._size_bytes += len(data)

    def commit(self, key: str) -> None:
        """Send it; return once the object store has acknowledged it.

        Raises OutOfSpace, StoreUnavailable; ValueError for a bad key, and after `commit` or `abort`.
        """
        self._require_open()
        check_key(key)
        try:
            if self._size_bytes <= PART_BYTES:
                self._bucket.put(key, self._part(1))
            else:
                self._send_parts(key)
        finally:
            self.abort()

    def abort(self) -> None:
        """Forget what was written; nothing happens after `commit` or another `abort`."""
        with suppress(OSError):
            self._file.close()

    def _send_parts(self, key: str) -> None:
        count = -(-self._size_bytes // PART_BYTES)
        with self._begun(key) as upload_id:
            parts = [
                self._pool.submit(self._send_part, key, upload_id, number) for number in range(1, count + 1)
            ]
            try:
                wait(parts, return_when=FIRST_EXCEPTION)
            finally:
                for part in parts:
                    part.cancel()
                wait(parts)
            self._bucket.end_parts(key, upload_id, [part.result() for part in parts])

    @contextmanager
    def _begun(self, key: str) -> Iterator[str]:
        """An upload in parts, which is dropped where it fails: the bucket's owner pays for its parts."""
        upload_id = self._bucket.begin_parts(key)
        try:
            yield upload_id
        except BaseException:
            # Where the store is away, its rule for unfinished uploads has to do it.
            with suppress(StoreUnavailable, OutOfSpace):
                self._bucket.drop_parts(key, upload_id)
            raise

    def _send_part(self, key: str, upload_id: str, number: int) -> str:
        return self._bucket.put_part(key, upload_id, number, self._part(number))

    def _part(self, number: int) -> bytes:
        with translated(self._folder, "be read"):
            return os.pread(self._file.fileno(), PART_BYTES, (number - 1) * PART_BYTES)

    def _require_open(self) -> None:
        if self._file.closed:
            raise ValueError("the upload has ended: begin another one")
