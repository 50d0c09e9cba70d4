"""One record in a segment: a header that names its generation, content, entry, padded to whole pages.

A record begins on a page of its own, so that a write that a loss of power tears can damage no record before
it. Its checksum tells a whole record from a torn one, its generation one of now from one of the file's
earlier use. Nobody forges records in this folder, so the checksum is a fast one, XXH3, not a cryptographic
one: it takes a sixth of the time.
"""

import struct
from dataclasses import dataclass

from xxhash import xxh3_128

PAGE_BYTES = 4096
_MAGIC = b"PRJ2"
_FIELDS = struct.Struct("<4sLQQQ")
"""Magic, length of the entry, length of the content (bytes), generation, moment."""
_CHECKSUM_BYTES = 16
HEADER_BYTES = _FIELDS.size + _CHECKSUM_BYTES
RETIRED = b"PRJ0".ljust(HEADER_BYTES, b"\0")
"""In place of the first header: no record of this segment is needed any more."""

Part = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Header:
    """What comes before content and entry; lengths in bytes.

    `moment_ns` is when the record was made, since 1970: records of several segments have an order by it.
    """

    generation: int
    moment_ns: int
    entry_length: int
    content_length: int
    checksum: bytes

    @property
    def length(self) -> int:
        """Bytes of entry and content."""
        return self.entry_length + self.content_length

    def encoded(self) -> bytes:
        """HEADER_BYTES bytes."""
        lengths = self.entry_length, self.content_length
        return _FIELDS.pack(_MAGIC, *lengths, self.generation, self.moment_ns) + self.checksum

    def fits(self, entry: Part, content: Part) -> bool:
        """Whether these are what was written, whole."""
        content_checksum = xxh3_128(content).digest()
        return header_for(self.generation, self.moment_ns, entry, len(content), content_checksum) == self


def header_for(
    generation: int, moment_ns: int, entry: Part, content_length: int, content_checksum: bytes
) -> Header:
    """The header of a record. `content_checksum` is the XXH3 of its content, 16 bytes."""
    fields = _FIELDS.pack(_MAGIC, len(entry), content_length, generation, moment_ns)
    checksum = xxh3_128(fields + bytes(entry) + content_checksum).digest()
    return Header(generation, moment_ns, len(entry), content_length, checksum)


def read_header(encoded: bytes) -> Header | None:
    """The header; None where there is none, as in a segment's unused rest."""
    if len(encoded) < HEADER_BYTES:
        return None
    magic, entry_length, content_length, generation, moment_ns = _FIELDS.unpack_from(encoded)
    checksum = encoded[_FIELDS.size : HEADER_BYTES]
    if magic != _MAGIC:
        return None
    return Header(generation, moment_ns, entry_length, content_length, checksum)


def padded(length: int) -> int:
    """Bytes that a record with `length` bytes of entry and content takes in its segment: whole pages."""
    return -(-(HEADER_BYTES + length) // PAGE_BYTES) * PAGE_BYTES
