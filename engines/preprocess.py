"""From a gray image to a network's input, and from its heatmap back: the one way, in training and service."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engines.errors import InputError

_SMALLEST_SIDE = 16
"""Pixels. A breast image with a shorter side holds nothing to classify."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a source image of (rows, columns) lies inside the letterboxed square of side `size`."""

    source: tuple[int, int]
    size: int
    top: int
    left: int
    rows: int
    columns: int

    def to_source(
        self, heatmap: NDArray[np.float32], shape: tuple[int, int] | None = None
    ) -> NDArray[np.float32]:
        """Map any grid over the letterboxed square, float32 (h, w), to the source: float32 (rows, columns).

        `shape` asks for other (rows, columns) over the whole source, such as a smaller picture. Bilinear;
        values stay within those of `heatmap`. What lay on the padding is cut off.
        """
        rows, columns = heatmap.shape
        box = (
            self.left / self.size * columns,
            self.top / self.size * rows,
            (self.left + self.columns) / self.size * columns,
            (self.top + self.rows) / self.size * rows,
        )
        height, width = shape or self.source
        grid = Image.fromarray(np.ascontiguousarray(heatmap, dtype=np.float32))
        resized = grid.resize((width, height), Image.Resampling.BILINEAR, box=box)
        return np.asarray(resized, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Prepared:
    """`tensor`: float32 (1, size, size), 0.0 black to 1.0 white."""

    tensor: NDArray[np.float32]
    placement: Placement


def prepare(gray: NDArray[np.uint8], size: int) -> Prepared:
    """Scale `gray`, uint8 (rows, columns), into a black square of side `size`, aspect ratio kept, centred.

    Raises InputError for another dtype, more dimensions, or a side under 16 pixels.
    """
    _check(gray)
    placement = place(gray.shape, size)
    resized = Image.fromarray(gray).resize((placement.columns, placement.rows), Image.Resampling.BILINEAR)
    square = np.zeros((1, size, size), dtype=np.float32)
    rows = slice(placement.top, placement.top + placement.rows)
    columns = slice(placement.left, placement.left + placement.columns)
    square[0, rows, columns] = np.asarray(resized, dtype=np.float32) / 255.0
    return Prepared(square, placement)


def place(source: tuple[int, ...], size: int) -> Placement:
    """Centre an image of `source` = (rows, columns) in a square of side `size`, as large as it fits."""
    height, width = source
    scale = size / max(height, width)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    return Placement((height, width), size, (size - rows) // 2, (size - columns) // 2, rows, columns)


def _check(gray: NDArray[np.uint8]) -> None:
    if gray.dtype != np.uint8 or gray.ndim != 2:  # noqa: PLR2004
        raise InputError(f"expected a gray image, uint8 (rows, columns); got {gray.dtype} {gray.shape}")
    if min(gray.shape) < _SMALLEST_SIDE:
        raise InputError(
            f"image of {gray.shape} pixels is too small; sides must be at least {_SMALLEST_SIDE}"
        )
