"""Walking over the encoded data elements of a dataset without decoding their values (PS3.5 section 7.1).

Input is hostile until proven otherwise: nothing here recurses, allocates by a length that was sent, or
depends on the dataset's character set.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from service.errors import NotDicom

MAX_ELEMENTS = 50_000
"""Elements looked at in one walk. Real headers have hundreds before Series Instance UID."""
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
    value_at: int


def top_level_elements(data: bytes, encoding: Encoding, last_tag: int) -> Iterator[tuple[int, bytes]]:
    """Tag and value of each top-level element up to `last_tag`; those of undefined length are skipped.

    A value that reaches beyond the end of `data` ends the walk, as does the first tag above `last_tag`.
    Raises NotDicom where a sequence never ends, or after MAX_ELEMENTS.
    """
    walk = _Walk(data)
    at = 0
    while (header := walk.header(at, encoding)) is not None and header.tag <= last_tag:
        if header.length == _UNDEFINED:
            at = walk.after_undefined_length(header, encoding)
            continue
        at = header.value_at + header.length
        if at > len(data):
            return
        yield header.tag, data[header.value_at : at]


class _Walk:
    """Reads element headers and counts them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._elements = 0

    def header(self, at: int, encoding: Encoding) -> _Header | None:
        """The element header at `at`, None where the data ends before it does."""
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise NotDicom(
                f"more than {MAX_ELEMENTS} elements precede Series Instance UID: this is no real header"
            )
        order = "<" if encoding.little_endian else ">"
        if at + 8 > len(self._data):
            return None
        group, element, vr, short_length = struct.unpack_from(f"{order}HH2sH", self._data, at)
        tag = group << 16 | element
        if encoding.implicit_vr or group == _ITEM_GROUP or not (vr.isalpha() and vr.isupper()):
            # Some writers fall back to implicit VR within explicit data; a VR is always two capital letters.
            return _Header(tag, b"", self._long(at + 4, order), at + 8)
        if vr in _SHORT_VRS:
            return _Header(tag, vr, short_length, at + 8)
        if at + 12 > len(self._data):
            return None
        return _Header(tag, vr, self._long(at + 8, order), at + 12)

    def after_undefined_length(self, opening: _Header, encoding: Encoding) -> int:
        """The offset behind the delimiter that closes `opening`.

        Sequences and items of undefined length nest, and each has its delimiter: counting them is enough.
        """
        if opening.vr == b"UN":
            encoding = Encoding(implicit_vr=True, little_endian=True)  # PS3.5 6.2.2, note 4
        at, depth = opening.value_at, 1
        while depth:
            header = self.header(at, encoding)
            if header is None:
                raise NotDicom(
                    f"sequence {_name(opening.tag)} has no end: the dataset was cut or is not DICOM"
                )
            at = header.value_at
            if header.tag in _DELIMITERS:
                depth -= 1
            elif header.length == _UNDEFINED:
                depth += 1
            else:
                at += header.length
        return at

    def _long(self, at: int, order: str) -> int:
        length: int = struct.unpack_from(f"{order}L", self._data, at)[0]
        return length


def _name(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
