import numpy as np
import pytest

from engines.evaluation.pointing import means, point

MASK = np.zeros((4, 4), np.bool_)
MASK[1:3, 1:3] = True


def test_a_map_inside_the_mask_hits_it() -> None:
    heatmap = MASK.astype(np.float32)
    heatmap[0, 0] = 0.5
    pointing = point(heatmap, MASK)
    assert pointing is not None
    assert pointing.hit
    assert pointing.inside == pytest.approx(4 / 4.5)
    assert pointing.area == 0.25


def test_a_map_whose_maximum_is_outside_misses() -> None:
    heatmap = MASK.astype(np.float32)
    heatmap[0, 0] = 2.0
    pointing = point(heatmap, MASK)
    assert pointing is not None
    assert not pointing.hit


def test_an_empty_map_or_mask_is_not_compared() -> None:
    assert point(np.zeros((4, 4), np.float32), MASK) is None
    assert point(np.ones((4, 4), np.float32), np.zeros((4, 4), np.bool_)) is None


def test_the_mean_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no heatmap"):
        means([])
