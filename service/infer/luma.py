"""Colour to grey, to the bit as Pillow's mode "L" does it, which is what classifiers were trained on."""

import numpy as np
from numpy.typing import NDArray

_WEIGHTS = (19595, 38470, 7471)
"""0.299, 0.587, 0.114 of 65536 (ITU-R BT.601)."""


def luma(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (rows, columns) of uint8 (rows, columns, 3)."""
    red, green, blue = (rgb[..., channel].astype(np.uint32) for channel in range(3))
    weighted = red * _WEIGHTS[0] + green * _WEIGHTS[1] + blue * _WEIGHTS[2]
    return np.asarray((weighted + 0x8000) >> 16, dtype=np.uint8)
