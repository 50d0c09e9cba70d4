import math

import pytest

from engines.judgement import Calibration


def test_calibration_is_a_sigmoid_of_slope_and_intercept() -> None:
    assert Calibration(2.0, -1.0).probability(1.0) == pytest.approx(1 / (1 + math.exp(-1.0)))


@pytest.mark.parametrize("logit", [-1e6, -50.0, 0.0, 50.0, 1e6])
def test_calibration_stays_within_0_and_1_for_any_logit(logit: float) -> None:
    assert 0.0 <= Calibration(1.0, 0.0).probability(logit) <= 1.0
