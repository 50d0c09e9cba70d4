"""The polygon around what a score is about."""

from service.study.result import ImageScore, Point


def region_of(score: ImageScore) -> tuple[Point, ...]:
    """The outline that is shown, or the rectangle that was analysed; closed, as (column, row)."""
    region = score.region
    corners = (
        (region.left, region.top),
        (region.right, region.top),
        (region.right, region.bottom),
        (region.left, region.bottom),
    )
    return closed(score.shown_outline or corners)


def closed(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """The polygon with its first point at its end, once; nothing of nothing."""
    return points if not points or points[0] == points[-1] else (*points, points[0])
