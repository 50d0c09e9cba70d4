"""How large a picture of a region is on which heatmap and lesion are followed."""

from collections.abc import Iterable

from service.study.result import AnalysedRegion, Point

LONGEST_SIDE = 256
"""Pixels. A network's own map has 7 to 56 a side, so nothing is lost; an outline is found faster than on the
image itself."""


def picture_shape(region: AnalysedRegion) -> tuple[int, int]:
    """Rows and columns of a picture of the region, no larger than the region itself."""
    height, width = region.bottom - region.top, region.right - region.left
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def in_image(points: Iterable[Point], region: AnalysedRegion) -> tuple[Point, ...]:
    """Points (column, row) of such a picture, in pixels of the image."""
    rows, columns = picture_shape(region)
    width, height = (region.right - region.left) / columns, (region.bottom - region.top) / rows
    return tuple((region.left + column * width, region.top + row * height) for column, row in points)
