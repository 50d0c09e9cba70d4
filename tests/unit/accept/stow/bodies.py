"""Multipart bodies, and who remembers their parts."""

from collections.abc import Mapping, Sequence

BOUNDARY = "cut-here"
CONTENT_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
DICOM_PART = b"Content-Type: application/dicom\r\n"


def body(*parts: bytes, boundary: str = BOUNDARY, header: bytes = DICOM_PART) -> bytes:
    """The parts, each with `header`."""
    mark = b"--" + boundary.encode()
    return b"".join(mark + b"\r\n" + header + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def cut(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """`data` in pieces of these sizes, and what is left."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


class Collected:
    """Parts as they came: headers, content, whether they ended."""

    def __init__(self) -> None:
        self.headers: list[dict[str, str]] = []
        self.contents: list[bytes] = []
        self.ended = 0

    def begin_part(self, headers: Mapping[str, str]) -> None:
        self.headers.append(dict(headers))
        self.contents.append(b"")

    def write(self, data: memoryview) -> None:
        self.contents[-1] += data

    def end_part(self) -> None:
        self.ended += 1
