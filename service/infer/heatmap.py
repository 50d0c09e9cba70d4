"""The heatmap of one scored frame, as a small picture that the report scales over the analysed region."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.infer.outline import outline
from service.infer.port import Score
from service.study.result import AnalysedRegion, Point

LONGEST_SIDE = 256
"""Pixels. A network's own map has 7 to 56 a side, so nothing is lost; an outline is found faster than on the
image itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """`png`: gray over the region, 0 to 255 of its maximum. `outline`: of the hot region, in the image."""

    png: bytes
    outline: tuple[Point, ...]


def heatmap_of(score: Score, region: AnalysedRegion) -> Heatmap:
    """The heatmap that the classifier gave for the region of an image."""
    rows, columns = _shape(region)
    heatmap = score.heatmap_at((rows, columns))
    width, height = (region.right - region.left) / columns, (region.bottom - region.top) / rows
    points = tuple(
        (region.left + column * width, region.top + row * height) for column, row in outline(heatmap)
    )
    return Heatmap(_png(heatmap), points)


def _shape(region: AnalysedRegion) -> tuple[int, int]:
    """Rows and columns of a picture of the region, no larger than the region itself."""
    height, width = region.bottom - region.top, region.right - region.left
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _png(heatmap: NDArray[np.float32]) -> bytes:
    buffer = BytesIO()
    shares = np.clip(np.nan_to_num(heatmap), 0.0, 1.0)
    Image.fromarray(np.rint(shares * 255).astype(np.uint8)).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
