"""The heatmap of one scored frame, as a small picture that the report scales over the analysed region."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    heatmap = _finite(score, region)
    return Heatmap(_png(heatmap), in_image(outline(heatmap), region))


def picture_of(score: Score, region: AnalysedRegion) -> Heatmap:
    """The same without its outline, which takes longer than the picture."""
    return Heatmap(_png(_finite(score, region)), ())


def _finite(score: Score, region: AnalysedRegion) -> NDArray[np.float32]:
    heatmap = score.heatmap_at(picture_shape(region))
    return heatmap if np.isfinite(heatmap).all() else np.nan_to_num(heatmap)


def _png(heatmap: NDArray[np.float32]) -> bytes:
    return gray_png(np.rint(np.clip(heatmap, 0.0, 1.0) * 255).astype(np.uint8))
