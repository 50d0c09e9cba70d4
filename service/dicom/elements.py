"""Walking over the encoded data elements of a dataset without decoding their values (PS3.5 section 7.1).

Input is hostile until proven otherwise: nothing here recurses, allocates by a length that was sent, or
depends on the dataset's character set. The dataset may come piece by piece and is never held as a whole.
"""

import struct
from collections.abc import Collection
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
_VRS = {bytes((first, second)) for first in range(65, 91) for second in range(65, 91)}
"""Two capital letters, known or not."""
_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
"""Value representations with a length of 16 bits (PS3.5 table 7.1-2); all others have 32."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How data elements are encoded."""

    implicit_vr: bool
    little_endian: bool


class ElementWalk:
    """The values of the top-level elements `wanted`, in a dataset that is fed in pieces.

    Ends before the first element behind `last_tag`; elements of undefined length are skipped. `found` has
    each wanted value, its first MAX_VALUE_BYTES at most, as soon as these have been fed.
    """

    def __init__(self, encoding: Encoding, wanted: Collection[int], last_tag: int) -> None:
        self.found: dict[int, bytes] = {}
        self.ended = False
        self._wanted = wanted
        self._last_tag = last_tag
        self._read_header = self._outer = _HeaderReader(encoding)
        self._elements = 0
        self._open_sequence: int | None = None
        self._depth = 0
        self._skip = 0
        self._held = b""

    def feed(self, data: bytes | memoryview) -> None:
        """The next piece of the dataset. Raises NotDicom after MAX_ELEMENTS, and ends."""
        if self._skip >= len(data) or self.ended:
            self._skip -= len(data)
            return
        if self._held:
            data = self._held + bytes(data)
        at = self._walk(data, self._skip)
        self._skip = max(0, at - len(data))
        self._held = bytes(data[at:])

    def end(self) -> None:
        """The dataset has ended. Raises NotDicom where it ends within a sequence."""
        if not self.ended and self._open_sequence is not None:
            raise NotDicom(
                f"sequence {_name(self._open_sequence)} has no end: the dataset was cut or is not DICOM"
            )

    def _walk(self, data: bytes | memoryview, at: int) -> int:
        """From the element that begins `at`; where the first one begins that is not here as far as needed."""
        while (header := self._read_header(data, at)) is not None:
            tag, vr, length, value_at = header
            if self._depth:
                at = self._nested(tag, length, value_at)
            elif tag > self._last_tag:
                self.ended = True
                return len(data)
            elif length == _UNDEFINED:
                self._open(tag, vr)
                at = value_at
            elif tag not in self._wanted:
                at = value_at + length
            elif value_at + min(length, MAX_VALUE_BYTES) <= len(data):
                self.found[tag] = bytes(data[value_at : value_at + min(length, MAX_VALUE_BYTES)])
                at = value_at + length
            else:
                return at
            self._count()
        return at

    def _open(self, tag: int, vr: bytes) -> None:
        """An element of undefined length begins: step behind the delimiter that closes it.

        Sequences and items of undefined length nest, and each has its delimiter: counting them is enough.
        """
        self._open_sequence = tag
        self._depth = 1
        if vr == b"UN":  # PS3.5 6.2.2, note 4
            self._read_header = _HeaderReader(Encoding(implicit_vr=True, little_endian=True))

    def _nested(self, tag: int, length: int, value_at: int) -> int:
        """Where the next element begins."""
        if tag in _DELIMITERS:
            self._depth -= 1
            if not self._depth:
                self._open_sequence = None
                self._read_header = self._outer
            return value_at
        if length == _UNDEFINED:
            self._depth += 1
            return value_at
        return value_at + length

    def _count(self) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            self.ended = True
            raise NotDicom(
                f"more than {MAX_ELEMENTS} elements precede Series Instance UID: this is no real header"
            )


class _HeaderReader:
    """Reads what comes before an element's value (PS3.5 7.1.2 and 7.1.3)."""

    def __init__(self, encoding: Encoding) -> None:
        order = "<" if encoding.little_endian else ">"
        self._short = struct.Struct(f"{order}HH2sH")
        self._long = struct.Struct(f"{order}L")
        self._implicit_vr = encoding.implicit_vr

    def __call__(self, data: bytes | memoryview, at: int) -> tuple[int, bytes, int, int] | None:
        """Tag, VR or nothing, length, and where the value begins; None where the header is not here whole."""
        left = len(data) - at
        if left < 8:  # noqa: PLR2004 - tag, VR and length
            return None
        group, element, vr, length = self._short.unpack_from(data, at)
        tag = group << 16 | element
        if vr in _SHORT_VRS and not self._implicit_vr and group != _ITEM_GROUP:
            return tag, vr, length, at + 8
        if self._implicit_vr or group == _ITEM_GROUP or vr not in _VRS:
            # Some writers fall back to implicit VR within explicit data; a VR is always two capital letters.
            return tag, b"", self._long.unpack_from(data, at + 4)[0], at + 8
        if left < 12:  # noqa: PLR2004 - two bytes are reserved, and the length has four
            return None
        return tag, vr, self._long.unpack_from(data, at + 8)[0], at + 12


def _name(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
