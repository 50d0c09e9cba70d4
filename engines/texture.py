"""What an image looks like from afar, whatever it shows: its grays, and how coarse and in which direction its
grain is. Speckle, film and CT differ in this more than in anything a network has learnt to tell apart.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Textures = NDArray[np.float32]
"""(n, VALUES)."""

_SIDE = 192
"""Pixels to which the shorter side is scaled: the grain of a screen's enlargement is not the image's."""
_BLACK, _SOMETHING = 12, 0.08
"""Gray up to which a pixel is black, and the share of others from which on a row is more than a few words."""
_TILE, _TILES = 64, 4
"""Pixels of a tile's side, and tiles along each side; they overlap."""
_RINGS = (1.0, 2.0, 3.0, 4.5, 6.5, 9.0, 12.0, 16.0, 21.0, 28.0, 40.0)
"""Borders of the bands of spatial frequency, in waves per tile."""
_DIRECTIONS = (0.0, np.pi / 6, np.pi / 3, np.pi)
"""Borders of the directions of waves, from across the image to along the beam."""
_QUIET, _TYPICAL, _LOUD = 3, (7, 8), 12
"""Of a band's strength in the tiles, from the weakest: places in their order."""
_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
_DARKEST = 1e-4
"""Strength below which a band is empty."""
_GRAYS = 3.0
"""How much grays count beside the logarithms of strengths."""


def texture(gray: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Of a gray image uint8 (rows, columns), float32 (VALUES,)."""
    shown = _without_frame(gray)
    image = _scaled(shown)
    tiles = _tiles(image)
    means, deviations = tiles.mean((1, 2)), tiles.std((1, 2))
    spectra = np.abs(np.fft.rfft2((tiles - means[:, None, None]) * _WINDOW)) ** 2
    strengths = np.sort(np.log(spectra.reshape(len(tiles), -1) @ _BANDS.T + _DARKEST), axis=0)
    by_depth = np.stack([means, deviations], 1).reshape(_TILES, _TILES, 2).mean(1)
    return np.concatenate(
        [
            strengths[list(_TYPICAL)].mean(0),
            strengths[_QUIET],
            strengths[_LOUD],
            np.quantile(image, _QUANTILES) * _GRAYS,
            by_depth.ravel() * _GRAYS,
            [np.log(shown.shape[0] / shown.shape[1])],
        ]
    ).astype(np.float32)


def _without_frame(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a screen's black frame leaves: from the first row and column that shows something to the last."""
    lit = gray > _BLACK
    rows, columns = (np.flatnonzero(lit.mean(axis) > _SOMETHING) for axis in (1, 0))
    if min(len(rows), len(columns)) == 0:
        return gray
    return gray[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scaled(gray: NDArray[np.uint8]) -> NDArray[np.float32]:
    rows, columns = gray.shape
    scale = _SIDE / min(rows, columns)
    size = (max(_SIDE, round(columns * scale)), max(_SIDE, round(rows * scale)))
    resized = Image.fromarray(gray).resize(size, Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.float32) / 255.0


def _tiles(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """(TILES * TILES, TILE, TILE), row by row from the top left."""
    tops, lefts = (np.linspace(0, side - _TILE, _TILES).astype(int) for side in image.shape)
    return np.stack([image[top : top + _TILE, left : left + _TILE] for top in tops for left in lefts])


def _bands() -> NDArray[np.float32]:
    """What each frequency of a tile's spectrum adds to each band, (bands, frequencies)."""
    down, across = np.meshgrid(np.fft.fftfreq(_TILE), np.fft.rfftfreq(_TILE), indexing="ij")
    waves, direction = np.hypot(down, across) * _TILE, np.arctan2(np.abs(down), across)
    members = [
        (waves >= low) & (waves < high) & (direction >= start) & (direction < end)
        for low, high in pairwise(_RINGS)
        for start, end in pairwise(_DIRECTIONS)
    ]
    return np.stack([one.ravel() / one.sum() for one in members]).astype(np.float32)


_WINDOW = np.outer(np.hanning(_TILE), np.hanning(_TILE)).astype(np.float32)
_BANDS = _bands()
VALUES = 3 * len(_BANDS) + len(_QUANTILES) + 2 * _TILES + 1
"""Length of a texture."""
