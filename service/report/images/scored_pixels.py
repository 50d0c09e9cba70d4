"""The pixels of a scored image, with the heatmap over it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ScoredPixels:
    """The pixels of one scored image or frame.

    `rgb` is uint8 (rows, columns, 3); `heatmap` float32 (rows, columns), 0 to 1.
    """

    rgb: NDArray[np.uint8]
    heatmap: NDArray[np.float32]


PixelsByImage = Mapping[tuple[str, int | None], ScoredPixels]
"""Pixels by SOP Instance UID and frame number. Each is asked for once, in turn: it may load them lazily."""
