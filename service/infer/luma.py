"""Colour to grey, as classifiers were trained on: Pillow's mode "L" (ITU-R BT.601)."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def luma(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (rows, columns) of uint8 (rows, columns, 3)."""
    return np.asarray(Image.fromarray(rgb).convert("L"))
