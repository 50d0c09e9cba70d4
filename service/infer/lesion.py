"""The lesion that a classifier found in a frame: its outline in the image, its diameters on the patient."""

import math
from collections.abc import Sequence

import numpy as np

from service.infer.outline import MAX_POINTS, Mask, boundary, connected_region
from service.infer.picture import in_image, picture_shape
from service.infer.port import Score
from service.infer.simplify import simplify
from service.study.result import AnalysedRegion, Lesion, Point

_LESION = 0.5
"""Probability from which on a pixel is the lesion."""
_SMALLEST_SHARE = 0.0005
"""Of the region's pixels. What is smaller is noise of the network, not a lesion."""

SpacingMm = tuple[float, float]
"""Distance of pixel centres: between rows, between columns."""


def lesion_of(score: Score, region: AnalysedRegion, spacing_mm: SpacingMm | None) -> Lesion | None:
    """The largest lesion in a region of an image; None where the classifier looks for none, or found none."""
    probability = score.lesion_at(picture_shape(region))
    if probability is None:
        return None
    largest = _largest(np.asarray(probability >= _LESION))
    if largest is None:
        return None
    outline = in_image(simplify(boundary(largest), MAX_POINTS), region)
    return Lesion(outline, *(diameters_mm(outline, spacing_mm) if spacing_mm else (None, None)))


def diameters_mm(outline: Sequence[Point], spacing_mm: SpacingMm) -> tuple[float, float]:
    """The longest distance of two points of the polygon, and its extent across that; in mm."""
    row_mm, column_mm = spacing_mm
    points = np.array([(column * column_mm, row * row_mm) for column, row in outline])
    apart = points[:, None] - points[None]
    lengths = np.hypot(apart[..., 0], apart[..., 1])
    one, other = np.unravel_index(int(lengths.argmax()), lengths.shape)
    long_axis = float(lengths[one, other])
    x, y = apart[one, other] / long_axis
    across = points @ np.array([-y, x])
    return long_axis, float(np.ptp(across))


def _largest(mask: Mask) -> Mask | None:
    """The largest connected part of a mask; None where there is none worth the name."""
    smallest = math.ceil(mask.size * _SMALLEST_SHARE)
    left, largest = mask.copy(), None
    while left.sum() >= max(smallest, 0 if largest is None else int(largest.sum()) + 1):
        row, column = np.unravel_index(int(left.argmax()), left.shape)
        part = connected_region(left, int(row), int(column))
        left &= ~part
        if part.sum() >= smallest and (largest is None or part.sum() > largest.sum()):
            largest = part
    return largest
