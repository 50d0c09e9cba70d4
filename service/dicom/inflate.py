"""Inflating a deflated dataset piece by piece, within a bound (PS3.5 A.5)."""

import zlib
from collections.abc import Iterator

from service.errors import NotDicom, TooLarge

_PIECE_BYTES = 64 * 1024


class Inflater:
    """Inflates at most `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._inflated_bytes = 0
        self._inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)  # RFC 1951, without a header

    def inflate(self, data: bytes | memoryview) -> Iterator[bytes]:
        """What the next bytes inflate to, in small pieces; bytes behind the end of the stream are ignored.

        Raises NotDicom, TooLarge.
        """
        for at in range(0, len(data), _PIECE_BYTES):
            rest: bytes | memoryview = data[at : at + _PIECE_BYTES]
            piece = None
            while not self._inflater.eof and (piece is None or rest or len(piece) == _PIECE_BYTES):
                piece = self._piece(rest)
                rest = self._inflater.unconsumed_tail
                yield piece

    def _piece(self, data: bytes | memoryview) -> bytes:
        try:
            piece = self._inflater.decompress(data, _PIECE_BYTES)
        except zlib.error as error:
            raise NotDicom(f"the dataset is not deflated as its transfer syntax says: {error}") from None
        self._inflated_bytes += len(piece)
        if self._inflated_bytes > self._max_bytes:
            raise TooLarge(f"the dataset inflates to more than {self._max_bytes} bytes: send it uncompressed")
        return piece
