"""Reading multipart bodies as they come (RFC 2046 section 5.1.1), one part after the other."""

from collections.abc import Callable, Mapping
from typing import Protocol

from service.errors import Refused

LONGEST_HEADER_BYTES = 16 * 1024
"""Of one part, unless the reader is told otherwise."""
MAX_PADDING_BYTES = 256
"""Most white space after a boundary."""


class BadMultipart(Refused):
    """The body does not follow RFC 2046, or is beyond a bound."""


class Parts(Protocol):
    """Who takes the parts. Raises nothing."""

    def begin_part(self, headers: Mapping[str, str]) -> None:
        """A part begins; names of headers are in small letters, of equal ones the first counts."""
        ...

    def write(self, data: memoryview) -> None:
        """The next bytes of the part that has begun."""
        ...

    def end_part(self) -> None:
        """The part has come to its end."""
        ...


class MultipartReader:
    """Finds the parts in a body that is fed in pieces, cut anywhere. Holds a piece and a header at most.

    More than `most_parts` parts, and a part with a header of more than `longest_header_bytes`, are an error.
    """

    def __init__(
        self,
        boundary: str,
        parts: Parts,
        most_parts: int | None = None,
        longest_header_bytes: int = LONGEST_HEADER_BYTES,
    ) -> None:
        self._delimiter = b"\r\n--" + boundary.encode("ascii", errors="replace")
        self._parts = parts
        self._most_parts = most_parts
        self._longest_header_bytes = longest_header_bytes
        self.part_count = 0
        """Parts that have begun."""
        # A delimiter begins with CRLF, but for one at the very beginning: so let there be a CRLF.
        self._data = b"\r\n"
        self._at = 0
        self._step: Callable[[], bool] = self._skip_preamble
        """Goes on from `_at` as far as it can; False where more data is needed."""

    def feed(self, data: bytes) -> None:
        """The next piece of the body. Raises BadMultipart."""
        self._data = self._data[self._at :] + data
        self._at = 0
        while self._step():
            pass

    def end(self) -> None:
        """The body has ended. Raises BadMultipart unless it is whole."""
        if self._step != self._skip_epilogue:
            raise BadMultipart("the body ends before its closing boundary: it must be sent whole")

    def _skip_preamble(self) -> bool:
        found = self._data.find(self._delimiter, self._at)
        if found < 0:
            self._at = self._safe()
            return False
        self._pass(found)
        return True

    def _after_delimiter(self) -> bool:
        """Either `--`, which closes the body, or white space to the end of the line."""
        line = self._data[self._at : self._at + MAX_PADDING_BYTES]
        padding, newline, _ = line.partition(b"\r\n")
        if line.startswith(b"--"):
            self._step = self._skip_epilogue
            return True
        if not newline and len(line) < MAX_PADDING_BYTES and (line == b"-" or not line.strip(b" \t\r")):
            return False
        if not newline or padding.strip(b" \t"):
            raise BadMultipart("a line begins with the boundary and goes on: choose one that no instance has")
        self._at += len(padding)
        self._step = self._read_header
        return True

    def _read_header(self) -> bool:
        """From the CRLF of the boundary to the one of the empty line, which may belong to a delimiter."""
        longest = self._longest_header_bytes
        end = self._data.find(b"\r\n\r\n", self._at, self._at + longest)
        if end < 0:
            if len(self._data) - self._at < longest:
                return False
            raise BadMultipart(f"the header of a part is longer than {longest} bytes, or has no end")
        if self.part_count == self._most_parts:
            raise BadMultipart(f"the body has more than {self._most_parts} parts: send them in several")
        self.part_count += 1
        headers = _headers(self._data[self._at + 2 : end])
        self._at = end + 2
        self._parts.begin_part(headers)
        self._step = self._begin_body
        return True

    def _begin_body(self) -> bool:
        start = self._data[self._at : self._at + len(self._delimiter)]
        if start == self._delimiter:  # a part without a body
            self._end_part(self._at)
        elif self._delimiter.startswith(start):
            return False
        else:
            self._at += 2
            self._step = self._read_body
        return True

    def _read_body(self) -> bool:
        found = self._data.find(self._delimiter, self._at)
        end = self._safe() if found < 0 else found
        if end > self._at:
            self._parts.write(memoryview(self._data)[self._at : end])
            self._at = end
        if found < 0:
            return False
        self._end_part(found)
        return True

    def _skip_epilogue(self) -> bool:
        self._at = len(self._data)
        return False

    def _end_part(self, delimiter_at: int) -> None:
        self._parts.end_part()
        self._pass(delimiter_at)

    def _pass(self, delimiter_at: int) -> None:
        self._at = delimiter_at + len(self._delimiter)
        self._step = self._after_delimiter

    def _safe(self) -> int:
        """Up to here no delimiter can begin, whatever comes next."""
        return max(self._at, len(self._data) - len(self._delimiter) + 1)


def _headers(block: bytes) -> dict[str, str]:
    """Raises BadMultipart for a line that is no header."""
    headers: dict[str, str] = {}
    for line in block.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n") if block else ():
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not name.strip():
            raise BadMultipart(
                "a part's header has a line without a name: write `Content-Type: application/dicom`"
            )
        headers.setdefault(name.strip().lower(), value.strip())
    return headers
