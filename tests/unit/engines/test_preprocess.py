import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.errors import InputError
from engines.preprocess import place, prepare
from tests.unit.engines.builders import noise

SIDES = st.integers(16, 400)


@given(SIDES, SIDES)
def test_the_image_fills_the_square_in_its_longer_side_and_keeps_its_aspect(rows: int, columns: int) -> None:
    placement = place((rows, columns), 224)
    assert max(placement.rows, placement.columns) == 224
    assert placement.rows / placement.columns == pytest.approx(
        rows / columns, rel=0.5 / min(placement.rows, placement.columns) * 1.01
    )
    assert abs(placement.top - (224 - placement.rows - placement.top)) <= 1
    assert abs(placement.left - (224 - placement.columns - placement.left)) <= 1


def test_white_becomes_one_and_padding_zero() -> None:
    prepared = prepare(np.full((40, 80), 255, np.uint8), 64)
    assert prepared.tensor.dtype == np.float32
    assert prepared.tensor.shape == (1, 64, 64)
    np.testing.assert_array_equal(prepared.tensor[0, 16:48], 1.0)
    np.testing.assert_array_equal(prepared.tensor[0, :16], 0.0)
    np.testing.assert_array_equal(prepared.tensor[0, 48:], 0.0)


def test_an_image_of_the_right_size_is_not_changed() -> None:
    gray = noise(32, 32)
    np.testing.assert_allclose(prepare(gray, 32).tensor[0], gray / np.float32(255))


@given(st.integers(60, 300), st.integers(60, 300), st.floats(0.2, 0.8), st.floats(0.2, 0.8))
def test_a_spot_comes_back_to_where_it_was(rows: int, columns: int, y: float, x: float) -> None:
    gray = np.zeros((rows, columns), np.uint8)
    top, left = round(y * rows), round(x * columns)
    gray[top - 4 : top + 5, left - 4 : left + 5] = 255
    prepared = prepare(gray, 224)
    back = prepared.placement.to_source(prepared.tensor[0])
    weights = back / back.sum()
    assert back.shape == gray.shape
    assert abs(float((weights.sum(1) * np.arange(rows)).sum()) - top) < 1.0
    assert abs(float((weights.sum(0) * np.arange(columns)).sum()) - left) < 1.0


def test_evidence_on_the_padding_is_cut_off() -> None:
    heatmap = np.zeros((8, 8), np.float32)
    heatmap[0] = 1.0
    assert prepare(noise(20, 80), 64).placement.to_source(heatmap).max() == 0.0


def test_a_small_heatmap_keeps_its_range() -> None:
    heatmap = np.random.default_rng(0).random((7, 7), dtype=np.float32)
    back = prepare(noise(90, 50), 224).placement.to_source(heatmap)
    assert back.dtype == np.float32
    assert heatmap.min() - 1e-6 <= back.min() <= back.max() <= heatmap.max() + 1e-6


@pytest.mark.parametrize(
    "image",
    [np.zeros((40, 40), np.float32), np.zeros((40, 40, 3), np.uint8), np.zeros((8, 40), np.uint8)],
)
def test_what_is_no_gray_image_is_refused(image: np.ndarray) -> None:
    with pytest.raises(InputError):
        prepare(image, 64)
