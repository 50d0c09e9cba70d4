"""PALETTE COLOR pixels to RGB (PS3.3 C.7.6.3.1.5, C.7.9)."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut

from service.dicom.values import numbers
from service.errors import UnsupportedPixels

_MAX_ENTRIES = 2**16


def palette_rgb(frame: NDArray[np.generic], ds: Dataset) -> NDArray[np.uint8]:
    """uint8 (rows, columns, 3) for the stored values `frame` (rows, columns) by the palette of `ds`.

    Raises UnsupportedPixels where the palette is missing or incomplete.
    """
    descriptor = numbers(ds, "RedPaletteColorLookupTableDescriptor")
    if len(descriptor) != 3:  # noqa: PLR2004 - entries, first value, bits: PS3.3 C.7.6.3.1.5
        raise UnsupportedPixels(
            "the palette of this PALETTE COLOR image is missing: correct it at the sender"
        )
    # 0 entries stand for 65536.
    count, first = int(descriptor[0]) or _MAX_ENTRIES, int(descriptor[1])
    table = apply_color_lut(np.arange(first, first + count), ds)
    index = np.clip(frame.astype(np.int64) - first, 0, count - 1)
    return np.asarray(_eight_bits(table)[index], dtype=np.uint8)


def _eight_bits(table: NDArray[np.generic]) -> NDArray[np.generic]:
    """The table in 0..255. Some senders put 8-bit values into 16-bit entries: those are not shifted."""
    wide = table.astype(np.uint32)
    return wide >> 8 if wide.max() > np.iinfo(np.uint8).max else wide
