"""The heatmap of one scored frame, as a small picture that the report scales over the analysed region."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.infer.outline import outline
from service.infer.port import Score
from service.study.result import AnalysedRegion, Point

PICTURE_SIDE = 256
"""Pixels of the longer side. A network's own map has 7 to 56 a side, so nothing is lost."""
OUTLINE_SIDE = 128
"""The same, where the outline is looked for: finer than any network's own map."""


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """`png`: gray over the region, 0 to 255 of its maximum. `outline`: of the hot region, in the image."""

    png: bytes
    outline: tuple[Point, ...]


def heatmap_of(score: Score, region: AnalysedRegion) -> Heatmap:
    """The heatmap that the classifier gave for the region of an image."""
    png = _png(score.heatmap_at(_shape(region, PICTURE_SIDE)))
    return Heatmap(png, _outline(score, region))


def _outline(score: Score, region: AnalysedRegion) -> tuple[Point, ...]:
    rows, columns = _shape(region, OUTLINE_SIDE)
    width, height = (region.right - region.left) / columns, (region.bottom - region.top) / rows
    return tuple(
        (region.left + column * width, region.top + row * height)
        for column, row in outline(score.heatmap_at((rows, columns)))
    )


def _shape(region: AnalysedRegion, longest_side: int) -> tuple[int, int]:
    """Rows and columns of a picture of the region, no larger than the region itself."""
    height, width = region.bottom - region.top, region.right - region.left
    scale = min(1.0, longest_side / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _png(heatmap: NDArray[np.float32]) -> bytes:
    buffer = BytesIO()
    shares = np.clip(np.nan_to_num(heatmap), 0.0, 1.0)
    Image.fromarray(np.rint(shares * 255).astype(np.uint8)).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
