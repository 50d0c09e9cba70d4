"""The heatmap of one scored frame, as a small picture that the report scales over the analysed region."""

from dataclasses import dataclass

import numpy as np

from service.infer.outline import outline
from service.infer.picture import in_image, picture_shape
from service.infer.png import gray_png
from service.infer.port import Score
from service.study.result import AnalysedRegion, Point


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """`png`: gray over the region, 0 to 255 of its maximum. `outline`: of the hot region, in the image."""

    png: bytes
    outline: tuple[Point, ...]


def heatmap_of(score: Score, region: AnalysedRegion) -> Heatmap:
    """The heatmap that the classifier gave for the region of an image."""
    heatmap = score.heatmap_at(picture_shape(region))
    if not np.isfinite(heatmap).all():
        heatmap = np.nan_to_num(heatmap)
    shares = np.clip(heatmap, 0.0, 1.0)
    return Heatmap(gray_png(np.rint(shares * 255).astype(np.uint8)), in_image(outline(heatmap), region))
