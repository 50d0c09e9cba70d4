"""The stored values of a frame. What code in C decodes is decoded in a process of its own."""

import atexit
import os

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID

from service.dicom.codestream import frame_stream
from service.dicom.decoder import library
from service.dicom.decoder.pool import DecoderPool
from service.dicom.decoder.process import ProcessEnded
from service.dicom.decoder.wire import Frame
from service.dicom.quiet import quiet
from service.errors import UnsupportedPixels

POOL = DecoderPool(max(os.cpu_count() or 1, 2))
"""Of this process: as many as there are cores, since each of them computes all the time."""
atexit.register(POOL.close)
_AGAIN = "it is damaged, or of a kind that the installed decoders do not read; send it again, or uncompressed"


def is_decodable(transfer_syntax: UID) -> bool:
    """Whether the installed libraries decode `transfer_syntax`."""
    with quiet():
        return library.is_installed(transfer_syntax)


def stored_values(pixel: Dataset, index: int) -> NDArray[np.generic]:
    """Frame `index` (from 0) as stored: (rows, columns) or (rows, columns, 3), YBR turned into RGB.

    `pixel` is as `service.dicom.image_pixel` makes it. Raises UnsupportedPixels where a decoder refuses, dies
    or hangs, and for native pixels whatever pydicom raises.
    """
    if pixel.file_meta.TransferSyntaxUID not in library.NATIVE:
        return library.decode(pixel, index)
    what = f"frame {index + 1} cannot be decoded"
    syntax = pixel.file_meta.TransferSyntaxUID.name
    try:
        answer = POOL.decode(frame_of(pixel), frame_stream(pixel, index))
    except ProcessEnded as ended:
        why = "takes too long" if ended.was_slow else "ends the decoder"
        raise UnsupportedPixels(
            f"{what} ({syntax}): it {why}, so it is damaged; send it again, or uncompressed"
        ) from None
    if isinstance(answer, str):
        raise UnsupportedPixels(f"{what} ({answer} in {syntax}): {_AGAIN}")
    return answer


def frame_of(pixel: Dataset) -> Frame:
    """The same without the pixels, as a decoder process is asked."""
    return Frame(
        transfer_syntax=str(pixel.file_meta.TransferSyntaxUID),
        rows=pixel.Rows,
        columns=pixel.Columns,
        samples=pixel.SamplesPerPixel,
        photometric=pixel.PhotometricInterpretation,
        planar=pixel.get("PlanarConfiguration"),
        allocated=pixel.BitsAllocated,
        stored=pixel.BitsStored,
        is_signed=bool(pixel.PixelRepresentation),
    )
