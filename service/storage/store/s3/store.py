"""The instance store in a bucket: a key of ours is, behind the prefix, a key of its own.

Several machines may use one bucket and prefix. S3 shows an object whole or not at all, and its newest version
to whoever asks after it was acknowledged.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import BinaryIO

from service.config.store import StoreSettings
from service.storage.store.disk import free_bytes
from service.storage.store.keys import check_key, check_prefix, is_key
from service.storage.store.port import File, Kept
from service.storage.store.s3.bucket import Bucket
from service.storage.store.s3.reading import open_object
from service.storage.store.s3.upload import S3Upload

SENDERS = 8
"""Objects, or parts of large ones, that a process sends at one time, beside the threads that call it."""


class S3Store:
    """Keeps bytes in a bucket; `folder` holds, on this machine, what is still coming.

    Nothing is asked of the object store before it is needed, so receiving begins while it is away, too.
    Raises ConfigurationError where the credentials' file cannot be read.
    """

    def __init__(self, settings: StoreSettings, folder: Path) -> None:
        self._bucket = Bucket(settings)
        self._folder = folder.absolute()
        self._pool = ThreadPoolExecutor(SENDERS, "s3")

    def begin(self) -> S3Upload:
        """Begin an object, on this machine's disk. Raises OutOfSpace, StoreUnavailable."""
        return S3Upload(self._bucket, self._folder, self._pool)

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Keep `data` under `key`; return once the object store has acknowledged it.

        Raises OutOfSpace where it is full, StoreUnavailable, ValueError for a bad key.
        """
        check_key(key)
        self._bucket.put(key, data)

    def put_all(self, files: Iterable[File]) -> None:
        """`put` each, several at one time. Raises as `put`; nothing more is sent when this returns."""
        sending: set[Future[None]] = set()
        try:
            for key, parts in files:
                check_key(key)
                if len(sending) == SENDERS:  # more would only wait in memory
                    done, sending = wait(sending, return_when=FIRST_COMPLETED)
                    _check(done)
                sending.add(self._pool.submit(self._bucket.put, key, b"".join(parts)))
        finally:
            wait(sending)
        _check(sending)

    def move(self, key: str, new_key: str) -> None:
        """Copy within the bucket, then delete: for a moment, and after a crash, both keys have the bytes.

        Raises KeyError without `key`, OutOfSpace, StoreUnavailable, ValueError.
        """
        check_key(key)
        check_key(new_key)
        if key != new_key:
            self._bucket.copy(key, new_key)
            self._bucket.delete(key)
        elif not self._bucket.exists(key):
            raise KeyError(key)

    def get(self, key: str) -> bytes:
        """The bytes under `key`. Raises KeyError, StoreUnavailable, ValueError for a bad key."""
        check_key(key)
        return self._bucket.get(key)

    def open(self, key: str) -> BinaryIO:
        """The object under `key`, fetched in blocks. Raises as `get`; reading it raises OSError."""
        check_key(key)
        return open_object(self._bucket, key)

    def exists(self, key: str) -> bool:
        """Whether there are bytes under `key`. Raises StoreUnavailable, ValueError for a bad key."""
        check_key(key)
        return self._bucket.exists(key)

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin with `prefix`, sorted. Raises StoreUnavailable; ValueError for a bad prefix.

        What others have put there under names that no key of ours has is left out.
        """
        return sorted(one.key for one in self.walk(prefix))

    def walk(self, prefix: str) -> Iterator[Kept]:
        """All objects whose keys begin with `prefix`, as the bucket lists them. Raises as `keys`."""
        check_prefix(prefix)
        return (one for one in self._bucket.walk(prefix) if is_key(one.key))

    def delete(self, key: str) -> None:
        """Forget the bytes under `key`. Raises StoreUnavailable, ValueError for a bad key."""
        check_key(key)
        self._bucket.delete(key)

    def free_bytes(self) -> int:
        """Bytes left on this machine's disk for what is still coming; a bucket tells of no end.

        Raises StoreUnavailable.
        """
        return free_bytes(self._folder)


def _check(sent: Iterable[Future[None]]) -> None:
    """Raises what one of them has raised."""
    for one in sent:
        one.result()
