"""Checks of compressed pixels before a decoder sees them.

A decoder believes the size inside the codestream, and fills what a cut-off stream lacks with grey. Both are
found here: JPEG (ISO 10918-1 B.1), JPEG-LS (ISO 14495-1 C.1), JPEG 2000 and HTJ2K (ISO 15444-1 A.5).
"""

from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.uid import (
    HTJ2K,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
)

from service.errors import UnsupportedPixels

_JPEG = frozenset((*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes))
_JPEG_2000 = frozenset((*JPEG2000TransferSyntaxes, HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL))
_END = b"\xff\xd9"
"""EOI of JPEG and JPEG-LS, EOC of JPEG 2000."""
_PADDING = b"\x00\xff"
"""Bytes that senders add to an odd length."""
# SOF0 to SOF15 without DHT, JPG, DAC; SOF55 of JPEG-LS.
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
_SIZE_MARKER = b"\xff\x4f\xff\x51"
"""Start of codestream and image size, with which every JPEG 2000 codestream begins."""


def check_codestream(pixel: Dataset, index: int) -> None:
    """Raises UnsupportedPixels when frame `index` (from 0) is cut off, or its size is not the header's.

    Native and RLE pixels pass: their decoder checks lengths itself.
    """
    transfer_syntax = pixel.file_meta.TransferSyntaxUID
    if transfer_syntax not in _JPEG | _JPEG_2000:
        return
    stream = frame_stream(pixel, index)
    if not stream.rstrip(_PADDING).endswith(_END):
        raise UnsupportedPixels(
            f"frame {index + 1} is cut off: its end marker is missing; send the image again"
        )
    size = _jpeg_size(stream) if transfer_syntax in _JPEG else _jpeg_2000_size(stream)
    if size != (pixel.Rows, pixel.Columns):
        found = f"{size[0]} x {size[1]}" if size else "no"
        raise UnsupportedPixels(
            f"frame {index + 1} has {found} pixels, its header says {pixel.Rows} x {pixel.Columns}: "
            "the image is damaged; send it again"
        )


def frame_stream(pixel: Dataset, index: int) -> bytes:
    """The compressed bytes of frame `index` (from 0), its fragments joined."""
    offsets = pixel.get("ExtendedOffsetTable"), pixel.get("ExtendedOffsetTableLengths")
    frame: bytes = get_frame(
        pixel.PixelData,
        index,
        number_of_frames=int(pixel.NumberOfFrames),
        extended_offsets=offsets if all(offsets) else None,
    )
    return frame


def _jpeg_size(stream: bytes) -> tuple[int, int] | None:
    """Rows and columns of a JPEG or JPEG-LS stream; None where no frame header is found."""
    position = 2
    while position + 9 <= len(stream) and stream[position] == 0xFF:  # noqa: PLR2004 - every marker's first byte
        marker = stream[position + 1]
        if marker == 0xFF:  # noqa: PLR2004 - fill byte
            position += 1
            continue
        if marker in _START_OF_FRAME:
            return _number(stream, position + 5, 2), _number(stream, position + 7, 2)
        position += 2 + _number(stream, position + 2, 2)
    return None


def _jpeg_2000_size(stream: bytes) -> tuple[int, int] | None:
    """Rows and columns of a JPEG 2000 codestream, also inside a JP2 file; None where it has none."""
    start = stream.find(_SIZE_MARKER)
    if start < 0:
        return None
    columns, rows, left, top = (_number(stream, start + 8 + 4 * field, 4) for field in range(4))
    return rows - top, columns - left


def _number(stream: bytes, position: int, length: int) -> int:
    return int.from_bytes(stream[position : position + length], "big")
