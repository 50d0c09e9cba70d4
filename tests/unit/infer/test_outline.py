from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from service.infer.outline import MAX_POINTS, boundary, connected_region, outline
from service.infer.simplify import simplify
from service.study.result import Point

SCALE = 8


def filled(points: Sequence[Point], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The pixels whose centres lie in the polygon, by Pillow on a finer grid."""
    image = Image.new("1", (shape[1] * SCALE, shape[0] * SCALE))
    ImageDraw.Draw(image).polygon([(column * SCALE, row * SCALE) for column, row in points], fill=1)
    return np.asarray(image)[SCALE // 2 :: SCALE, SCALE // 2 :: SCALE]


def overlap(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Intersection over union."""
    return float((first & second).sum() / (first | second).sum())


def ring_with_gap() -> NDArray[np.float32]:
    """A C: concave, so that left and right extents would fill its inside."""
    rows, columns = np.mgrid[:120, :160]
    radius = np.hypot(rows - 60, columns - 80)
    shape = (radius > 25) & (radius < 45) & ~((columns > 80) & (np.abs(rows - 60) < 12))
    return np.asarray(shape, dtype=np.float32)


def test_a_rectangle_is_outlined_by_its_four_corners() -> None:
    heatmap = np.zeros((50, 60), dtype=np.float32)
    heatmap[10:20, 30:45] = 1

    assert outline(heatmap) == ((30.0, 10.0), (45.0, 10.0), (45.0, 20.0), (30.0, 20.0), (30.0, 10.0))


def test_one_pixel_is_outlined_by_its_edges() -> None:
    heatmap = np.zeros((5, 5), dtype=np.float32)
    heatmap[4, 4] = 1

    assert outline(heatmap) == ((4.0, 4.0), (5.0, 4.0), (5.0, 5.0), (4.0, 5.0), (4.0, 4.0))


def test_a_concave_region_is_followed_into_its_bay() -> None:
    heatmap = ring_with_gap()

    points = outline(heatmap)

    assert len(points) <= MAX_POINTS
    assert points[0] == points[-1]
    assert overlap(filled(points, heatmap.shape), heatmap > 0) > 0.9
    assert not filled(points, heatmap.shape)[60, 80]


def test_a_spiral_is_followed_exactly_before_it_is_simplified() -> None:
    region = np.zeros((11, 11), dtype=np.bool_)
    region[0], region[:, 10], region[10], region[2:, 0], region[2, :9], region[2:9, 8] = (True,) * 6

    points = boundary(connected_region(region, 0, 0))

    assert np.array_equal(filled(points, region.shape), region)


def test_only_the_region_of_the_maximum_is_outlined() -> None:
    heatmap = np.zeros((40, 40), dtype=np.float32)
    heatmap[5:10, 5:10] = 0.9
    heatmap[20:30, 20:30] = 1.0
    heatmap[10, 10] = 0.9  # touches the first by a corner

    assert set(outline(heatmap)) == {(20.0, 20.0), (30.0, 20.0), (30.0, 30.0), (20.0, 30.0)}


def test_the_threshold_is_half_of_the_maximum() -> None:
    heatmap = np.full((20, 20), 0.1, dtype=np.float32)
    heatmap[5:15, 5:15] = 0.2
    heatmap[8:10, 8:10] = 0.4

    assert set(outline(heatmap)) == {(5.0, 5.0), (15.0, 5.0), (15.0, 15.0), (5.0, 15.0)}


@pytest.mark.parametrize("value", [0.0, 0.5, -1.0, np.nan])
def test_a_flat_map_has_no_outline(value: float) -> None:
    assert outline(np.full((20, 20), value, dtype=np.float32)) == ()


def test_an_empty_map_has_no_outline() -> None:
    assert outline(np.zeros((0, 5), dtype=np.float32)) == ()


def test_a_smooth_spot_keeps_its_shape_in_few_points() -> None:
    rows, columns = np.mgrid[:400, :500]
    spot = np.exp(-(((rows - 150) / 60) ** 2 + ((columns - 250) / 110) ** 2)).astype(np.float32)

    points = outline(spot)

    assert len(points) <= MAX_POINTS
    assert overlap(filled(points, spot.shape), spot >= 0.5) > 0.97


@settings(max_examples=150, deadline=None)
@given(arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_the_boundary_encloses_any_region_and_its_holes(mask: NDArray[np.bool_]) -> None:
    if not mask.any():
        return
    row, column = np.argwhere(mask)[0].tolist()
    region = connected_region(mask, row, column)

    inside = filled(boundary(region), mask.shape)

    assert region[row, column]
    assert (inside & region).sum() == region.sum()
    assert np.array_equal(inside, _without_holes(region))


def _without_holes(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Everything that cannot be reached from outside across edges or corners of pixels."""
    outside = np.zeros(np.add(region.shape, 2), dtype=np.bool_)
    outside[0, 0] = True
    free = np.pad(~region, 1, constant_values=True)
    while True:
        grown = outside.copy()
        for shift in [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1)]:
            grown |= np.roll(outside, shift, axis=(0, 1)) & free
        if np.array_equal(grown, outside):
            return ~outside[1:-1, 1:-1]
        outside = grown


@settings(max_examples=50, deadline=None)
@given(arrays(np.float32, (40, 30), elements=st.floats(0, 1, width=32)))
def test_points_lie_in_the_image_and_are_few(heatmap: NDArray[np.float32]) -> None:
    points = outline(heatmap)

    assert len(points) <= MAX_POINTS
    assert all(0 <= column <= 30 and 0 <= row <= 40 for column, row in points)
    assert points[:1] == points[-1:]


def test_simplifying_keeps_the_corners_that_matter() -> None:
    square = [(0.0, 0.0), (5.0, 0.1), (10.0, 0.0), (10.0, 10.0), (5.0, 9.9), (0.0, 10.0), (0.0, 0.0)]

    assert simplify(square, 5) == [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0)]
