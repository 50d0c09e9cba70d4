"""Walking over the encoded data elements of a dataset without decoding their values (PS3.5 section 7.1).

Input is hostile until proven otherwise: nothing here recurses, allocates by a length that was sent, or
depends on the dataset's character set. The dataset may come piece by piece and is never held as a whole.
"""

import struct
from collections.abc import Collection, Generator
from dataclasses import dataclass

from service.errors import NotDicom

MAX_ELEMENTS = 50_000
"""Elements looked at in one walk. Real headers have hundreds before Series Instance UID."""
MAX_VALUE_BYTES = 1024
"""What is kept of a wanted value. UIDs have at most 64 bytes."""
_UNDEFINED = 0xFFFFFFFF
_ITEM_GROUP = 0xFFFE
_DELIMITERS = (0xFFFEE00D, 0xFFFEE0DD)
"""Item Delimitation Item, Sequence Delimitation Item (PS3.5 7.5)."""
_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
"""Value representations with a length of 16 bits (PS3.5 table 7.1-2); all others have 32."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How data elements are encoded."""

    implicit_vr: bool
    little_endian: bool


@dataclass(frozen=True, slots=True)
class _Header:
    tag: int
    vr: bytes
    length: int


_Steps = Generator[tuple[int, int], bytes, None]
"""Yields how many bytes to read and how many to step over after them; is sent the ones that were read."""
_Reads = Generator[tuple[int, int], bytes, _Header]


class ElementWalk:
    """The values of the top-level elements `wanted`, in a dataset that is fed in pieces.

    Ends after `last_tag`; elements of undefined length are skipped. `found` has each wanted value, its first
    MAX_VALUE_BYTES at most, as soon as the whole value has been fed.
    """

    def __init__(self, encoding: Encoding, wanted: Collection[int], last_tag: int) -> None:
        self.found: dict[int, bytes] = {}
        self.ended = False
        self._wanted = wanted
        self._last_tag = last_tag
        self._elements = 0
        self._open_sequence: int | None = None
        self._steps = self._walk(encoding)
        self._read, self._skip = next(self._steps)
        self._held = bytearray()

    def feed(self, data: bytes | memoryview) -> None:
        """The next piece of the dataset. Raises NotDicom after MAX_ELEMENTS, and ends."""
        at = 0
        while not self.ended:
            needed = self._read - len(self._held)
            self._held += data[at : at + needed]
            at += needed
            if at > len(data):
                return
            skipped = min(self._skip, len(data) - at)
            at += skipped
            self._skip -= skipped
            if self._skip:
                self._read = len(self._held)
                return
            self._advance()

    def end(self) -> None:
        """The dataset has ended. Raises NotDicom where it ends within a sequence."""
        if not self.ended and self._open_sequence is not None:
            raise NotDicom(
                f"sequence {_name(self._open_sequence)} has no end: the dataset was cut or is not DICOM"
            )

    def _advance(self) -> None:
        read, self._held = bytes(self._held), bytearray()
        try:
            self._read, self._skip = self._steps.send(read)
        except StopIteration:
            self.ended = True
        except NotDicom:
            self.ended = True
            raise

    def _walk(self, encoding: Encoding) -> _Steps:
        while (header := (yield from self._header(encoding))).tag <= self._last_tag:
            if header.length == _UNDEFINED:
                self._open_sequence = header.tag
                yield from self._past_undefined_length(header, encoding)
                self._open_sequence = None
            elif header.tag in self._wanted:
                kept = min(header.length, MAX_VALUE_BYTES)
                self.found[header.tag] = yield kept, header.length - kept
            else:
                yield 0, header.length

    def _past_undefined_length(self, opening: _Header, encoding: Encoding) -> _Steps:
        """Step behind the delimiter that closes `opening`.

        Sequences and items of undefined length nest, and each has its delimiter: counting them is enough.
        """
        if opening.vr == b"UN":
            encoding = Encoding(implicit_vr=True, little_endian=True)  # PS3.5 6.2.2, note 4
        depth = 1
        while depth:
            header = yield from self._header(encoding)
            if header.tag in _DELIMITERS:
                depth -= 1
            elif header.length == _UNDEFINED:
                depth += 1
            else:
                yield 0, header.length

    def _header(self, encoding: Encoding) -> _Reads:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise NotDicom(
                f"more than {MAX_ELEMENTS} elements precede Series Instance UID: this is no real header"
            )
        order = "<" if encoding.little_endian else ">"
        data = yield 8, 0
        group, element, vr, short_length = struct.unpack(f"{order}HH2sH", data)
        tag = group << 16 | element
        if encoding.implicit_vr or group == _ITEM_GROUP or not (vr.isalpha() and vr.isupper()):
            # Some writers fall back to implicit VR within explicit data; a VR is always two capital letters.
            return _Header(tag, b"", _long(data[4:], order))
        if vr in _SHORT_VRS:
            return _Header(tag, vr, short_length)
        return _Header(tag, vr, _long((yield 4, 0), order))


def _long(data: bytes, order: str) -> int:
    length: int = struct.unpack(f"{order}L", data)[0]
    return length


def _name(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
