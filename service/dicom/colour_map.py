"""The heatmap's colours: violet over red and orange to yellow.

Lightness rises with heat all the way and blue falls against yellow, so the order of the colours is also seen
with the red-green deficiencies. Cold parts are transparent: the image stays readable beneath.
"""

import numpy as np
from numpy.typing import NDArray

_STOPS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
_RED = np.array([48.0, 124.0, 204.0, 245.0, 252.0])
_GREEN = np.array([18.0, 24.0, 62.0, 138.0, 228.0])
_BLUE = np.array([130.0, 150.0, 98.0, 40.0, 70.0])
_COLD = 0.15
"""Heat up to which nothing is drawn."""
_STRONGEST_ALPHA = 0.6
"""Opacity of the hottest spot: texture and calipers beneath stay visible."""


_LEVELS = np.linspace(0.0, 1.0, 256)
COLOURS: NDArray[np.float32] = np.stack(
    [np.interp(_LEVELS, _STOPS, channel) for channel in (_RED, _GREEN, _BLUE)], axis=-1
).astype(np.float32)
"""RGB, 0 to 255, of 256 levels of heat: float32 (256, 3)."""
_ALPHA: NDArray[np.float32] = (
    _STRONGEST_ALPHA * np.sqrt(np.clip((_LEVELS - _COLD) / (1.0 - _COLD), 0.0, 1.0))
).astype(np.float32)


def coloured(heat: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Heat, uint8 (rows, columns), as colours to lay over an image: uint8 (rows, columns, 4), the hottest
    spot opaque.
    """
    alpha = np.rint(_ALPHA[heat] * np.float32(255 / _STRONGEST_ALPHA))
    return np.dstack([np.rint(COLOURS[heat]), alpha]).astype(np.uint8)


def blend(rgb: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The image, uint8 (rows, columns, 3), with the heat, float32 (rows, columns) 0 to 1, laid over it."""
    level = np.rint(heat * np.float32(255)).astype(np.uint8)
    mixed = rgb.astype(np.float32)
    mixed += _ALPHA[level][..., np.newaxis] * (COLOURS[level] - mixed)
    blended: NDArray[np.uint8] = np.rint(mixed).astype(np.uint8)
    return blended
