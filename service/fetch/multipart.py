"""The parts of a multipart/related body (RFC 2046 section 5.1), one at a time, as it comes."""

from collections.abc import Callable, Iterator

_PIECE_BYTES = 256 * 1024
_MAX_HEADER_BYTES = 16 * 1024
_END_OF_LINE = b"\r\n"


class BrokenMultipart(ValueError):  # noqa: N818 - named for what it is
    """The body ends in the middle, or is no multipart."""


class MultipartReader:
    """Reads parts. `read` gives up to so many bytes of the body, none at its end.

    Holds one part of up to `max_part_bytes`, and a piece of the next.
    """

    def __init__(self, read: Callable[[int], bytes], boundary: str, max_part_bytes: int) -> None:
        self._read = read
        self._delimiter = f"\r\n--{boundary}".encode("ascii", errors="replace")
        self._max_part_bytes = max_part_bytes
        # The first delimiter may stand at the very beginning, without the line break that belongs to it.
        self._buffer = bytearray(_END_OF_LINE)

    def parts(self) -> Iterator[bytes | None]:
        """The content of each part, None for one of more than `max_part_bytes`. Raises BrokenMultipart."""
        self._until(self._delimiter, 0)
        while self._line() != b"--":
            self._headers()
            yield self._until(self._delimiter, self._max_part_bytes)

    def _line(self) -> bytes:
        """What follows a delimiter: `--` after the last part, else blanks up to the end of the line."""
        while len(self._buffer) < len(b"--"):
            self._more()
        if self._buffer.startswith(b"--"):
            return b"--"
        return self._bounded(_END_OF_LINE)

    def _headers(self) -> None:
        while self._bounded(_END_OF_LINE):
            pass

    def _bounded(self, end: bytes) -> bytes:
        found = self._until(end, _MAX_HEADER_BYTES)
        if found is None:
            raise BrokenMultipart("a header is too long")
        return found

    def _until(self, end: bytes, max_bytes: int) -> bytes | None:
        """What comes before `end`, which is dropped; None where it has more than `max_bytes`."""
        looked_at, is_over = 0, False
        while (at := self._buffer.find(end, looked_at)) < 0:
            looked_at = max(0, len(self._buffer) - len(end) + 1)
            if looked_at > max_bytes:
                is_over = True
                del self._buffer[:looked_at]
                looked_at = 0
            self._more()
        content = None if is_over or at > max_bytes else bytes(memoryview(self._buffer)[:at])
        del self._buffer[: at + len(end)]
        return content

    def _more(self) -> None:
        piece = self._read(_PIECE_BYTES)
        if not piece:
            raise BrokenMultipart("the body ends in the middle")
        self._buffer += piece
