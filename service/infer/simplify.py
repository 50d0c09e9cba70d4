"""A polygon with fewer points. Source: Visvalingam and Whyatt 1993, Cartographic Journal 30(1)."""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from service.study.result import Point


def simplify(polygon: Sequence[Point], max_points: int) -> list[Point]:
    """The closed polygon with at most `max_points` points, the repeated first one included.

    Points that span the smallest triangle with their neighbours go first. What is left are points of
    `polygon` in its order.
    """
    points = list(polygon[:-1])
    count = len(points)
    before = [(index - 1) % count for index in range(count)]
    after = [(index + 1) % count for index in range(count)]
    areas = [_area(points[before[index]], points[index], points[after[index]]) for index in range(count)]
    heap = [(area, index) for index, area in enumerate(areas)]
    heapify(heap)
    while count > max_points - 1:
        area, index = heappop(heap)
        if area != areas[index]:
            continue  # an older entry of a point whose neighbour has gone
        areas[index] = -1.0
        count -= 1
        left, right = before[index], after[index]
        after[left], before[right] = right, left
        for near in (left, right):
            # Never less than what has gone: else a spike is worn down point by point.
            areas[near] = max(area, _area(points[before[near]], points[near], points[after[near]]))
            heappush(heap, (areas[near], near))
    kept = [point for point, area in zip(points, areas, strict=True) if area >= 0]
    return [*kept, kept[0]]


def _area(first: Point, second: Point, third: Point) -> float:
    """Area of a triangle."""
    return (
        abs((second[0] - first[0]) * (third[1] - first[1]) - (third[0] - first[0]) * (second[1] - first[1]))
        / 2
    )
