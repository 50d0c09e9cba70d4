import numpy as np
import pytest

from engines.training.points import BALANCED, HIGH_SENSITIVITY, HIGH_SPECIFICITY, named_points


def scores(count: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, count)
    return 1 / (1 + np.exp(-(rng.normal(size=count) + 3 * labels - 1.5))), labels


def test_each_point_keeps_what_its_name_says() -> None:
    points = {point.name: point for point in named_points(*scores(), "noise")}
    assert points[HIGH_SENSITIVITY].sensitivity.value >= 0.95
    assert points[HIGH_SPECIFICITY].specificity.value >= 0.95
    assert (
        points[HIGH_SENSITIVITY].threshold < points[BALANCED].threshold < points[HIGH_SPECIFICITY].threshold
    )
    assert {point.measured_on for point in points.values()} == {"noise"}


def test_no_other_threshold_is_better() -> None:
    values, labels = scores(300)
    points = {point.name: point for point in named_points(values, labels, "noise")}
    for threshold in values:
        sensitivity = (values[labels == 1] >= threshold).mean()
        specificity = (values[labels == 0] < threshold).mean()
        balanced = points[BALANCED]
        assert sensitivity + specificity <= balanced.sensitivity.value + balanced.specificity.value + 1e-9
        if specificity >= 0.95:
            assert sensitivity <= points[HIGH_SPECIFICITY].sensitivity.value + 1e-9


def test_where_the_classes_separate_every_point_is_perfect() -> None:
    labels = np.array([0] * 20 + [1] * 20)
    values = np.where(labels == 1, 0.9, 0.1)
    points = {point.name: point for point in named_points(values, labels, "noise")}
    assert points[BALANCED].threshold == pytest.approx(0.9)
    assert {point.specificity.value for point in points.values()} == {1.0}
