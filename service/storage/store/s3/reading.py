"""An object as a file to read from: what is asked for is fetched, in blocks."""

import errno
import io
from typing import TYPE_CHECKING, BinaryIO

from service.errors import StoreUnavailable
from service.storage.store.s3.bucket import Bucket

if TYPE_CHECKING:
    from typing_extensions import Buffer

BLOCK_BYTES = 256 * 1024
"""Most headers are shorter: they take one request."""


def open_object(bucket: Bucket, key: str) -> BinaryIO:
    """The object under `key`. Raises KeyError, StoreUnavailable; reading it raises OSError.

    Where it is replaced or deleted meanwhile, reading fails rather than mixing two objects.
    """
    return io.BufferedReader(_ObjectReader(bucket, key), BLOCK_BYTES)


class _ObjectReader(io.RawIOBase):
    def __init__(self, bucket: Bucket, key: str) -> None:
        super().__init__()
        self._bucket = bucket
        self._key = key
        self.name = key
        """What is read, as an open file tells it: pydicom asks for it."""
        self._first = bucket.get_piece(key, 0, BLOCK_BYTES)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._first.object_bytes}[whence]
        if base + offset < 0:
            raise ValueError(f"{base + offset} is before the object's first byte")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: "Buffer") -> int:
        target = memoryview(buffer).cast("B")
        data = self._next(len(target))
        target[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        # In one request, where the usual one reads 8 KiB at a time.
        read = self._next(self._first.object_bytes)
        return read + self._next(self._first.object_bytes)

    def _next(self, count: int) -> bytes:
        """Up to `count` of the next bytes; none at the end."""
        count = min(count, self._first.object_bytes - self._position)
        if count <= 0:
            return b""
        data = self._first.data[self._position : self._position + count]
        if not data:
            data = self._fetched(count)
        self._position += len(data)
        return data

    def _fetched(self, count: int) -> bytes:
        try:
            return self._bucket.get_piece(self._key, self._position, count, self._first.tag).data
        except StoreUnavailable as error:
            raise OSError(errno.EIO, str(error)) from error
        except KeyError:
            raise OSError(errno.EIO, "the object was deleted while it was read") from None
