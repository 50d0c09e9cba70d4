import numpy as np
import pytest
from numpy.typing import NDArray

from engines.quantise.agreement import Agreement, Answers


def _answers(probabilities: list[float], heatmaps: list[list[float]]) -> Answers:
    maps: NDArray[np.float32] = np.array(heatmaps, dtype=np.float32).reshape(-1, 2, 2)
    return Answers(np.log(probabilities), np.array(probabilities), maps)


def test_a_decision_that_crosses_the_threshold_is_counted() -> None:
    maps = [[0.0, 1, 2, 3]] * 3
    agreement = Agreement(_answers([0.1, 0.29, 0.9], maps), _answers([0.2, 0.3, 0.8], maps), 0.3)
    assert agreement.equal_decisions == 2
    assert agreement.changes == pytest.approx([0.1, 0.01, 0.1])


def test_heatmaps_are_compared_by_place_not_by_size() -> None:
    before = _answers([0.5] * 4, [[0, 1, 2, 3], [0, 1, 2, 3], [0, 0, 0, 0], [0, 0, 0, 0]])
    after = _answers([0.5] * 4, [[0, 2, 4, 6], [3, 2, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1]])
    agreement = Agreement(before, after, 0.3)
    assert agreement.heatmap_correlations == pytest.approx([1, -1, 1, 0])
    assert agreement.equal_maxima == 2
