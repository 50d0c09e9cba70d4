"""Colour to grey, as classifiers were trained on: Pillow's mode "L" (ITU-R BT.601)."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def luma(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (rows, columns) of uint8 (rows, columns, 3)."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return red  # the weights add up to one: grey stays as it is
    # Merged from channels, since Pillow copies an array slowly whose channels are apart in memory.
    image = Image.merge("RGB", [Image.fromarray(channel) for channel in (red, green, blue)])
    return np.asarray(image.convert("L"))
