import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.errors import DataError
from engines.training.calibration import fit_platt, probabilities, threshold_for


def test_platt_finds_the_slope_and_intercept_that_made_the_labels() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, 20000)
    labels = (rng.random(20000) < 1 / (1 + np.exp(-(0.7 * logits - 1.2)))).astype(np.int64)
    calibration = fit_platt(logits, labels)
    assert calibration.slope == pytest.approx(0.7, abs=0.03)
    assert calibration.intercept == pytest.approx(-1.2, abs=0.05)
    assert probabilities(calibration, logits).mean() == pytest.approx(labels.mean(), abs=1e-3)


def test_platt_stays_finite_when_the_classes_separate() -> None:
    calibration = fit_platt(np.array([-9.0, -8.0, 8.0, 9.0]), np.array([0, 0, 1, 1]))
    assert 0 < calibration.slope < 10


@pytest.mark.parametrize("labels", [[0, 0, 0], [1, 0, 0]])
def test_what_cannot_be_calibrated_is_refused(labels: list[int]) -> None:
    with pytest.raises(DataError):
        fit_platt(np.array([-1.0, 0.0, 1.0]), np.array(labels))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.floats(0.05, 1.0))
def test_the_threshold_is_the_highest_with_the_sensitivity(malignant: list[float], wanted: float) -> None:
    scores = np.array([*malignant, 0.5])
    labels = np.array([*[1] * len(malignant), 0])
    threshold = threshold_for(wanted, scores, labels)
    reached = np.mean(np.array(malignant) >= threshold)
    above = np.mean(np.array(malignant) > threshold)
    assert reached >= wanted - 1e-9
    assert above < wanted
