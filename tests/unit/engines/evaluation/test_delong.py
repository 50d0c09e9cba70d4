import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.evaluation.arrays import Labels, Scores
from engines.evaluation.auc import auc
from engines.evaluation.delong import delong, delong_difference, delong_interval


def cases(seed: int, count: int = 60, strength: float = 1.0) -> tuple[Scores, Labels]:
    rng = np.random.default_rng(seed)
    labels = np.array([0, 1] * (count // 2))
    return rng.normal(size=count) + strength * labels, labels


def by_definition(sides: list[Scores], labels: Labels) -> np.ndarray:
    """Covariance from every pair of images, as the paper has it."""
    hits, alarms = [], []
    for scores in sides:
        pairs = (scores[labels == 1][:, None] > scores[labels == 0][None]) + 0.5 * (
            scores[labels == 1][:, None] == scores[labels == 0][None]
        )
        hits.append(pairs.mean(1))
        alarms.append(pairs.mean(0))
    of_malignant, of_benign = np.atleast_2d(np.cov(hits)), np.atleast_2d(np.cov(alarms))
    return np.asarray(of_malignant / (labels == 1).sum() + of_benign / (labels == 0).sum())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12))
def test_areas_and_covariance_are_those_of_the_definition(seed: int, steps: int) -> None:
    scores, labels = cases(seed)
    other, _ = cases(seed + 1)
    sides = [np.round(scores * steps) / steps, np.round(other * steps) / steps]  # with ties
    areas, covariance = delong(sides, labels)
    np.testing.assert_allclose(areas, [auc(side, labels) for side in sides])
    np.testing.assert_allclose(covariance, by_definition(sides, labels), atol=1e-12)


def test_the_interval_holds_the_true_area_about_as_often_as_it_says() -> None:
    true = 0.5 * (1 + math.erf(0.5))  # of two normal distributions, one deviation apart
    held = 0
    for seed in range(400):
        scores, labels = cases(seed, count=100)
        interval = delong_interval(scores, labels)
        held += interval.low <= true <= interval.high
    assert 0.92 <= held / 400 <= 0.98


def test_one_who_is_better_is_told_from_one_who_is_not() -> None:
    good, labels = cases(1, count=400, strength=2.0)
    poor, _ = cases(2, count=400, strength=0.3)
    difference, p = delong_difference(good, poor, labels)
    assert difference.low > 0.2
    assert p < 1e-6
    same, nothing = delong_difference(good, good, labels)
    assert (same.value, nothing) == (0.0, 1.0)


def test_p_is_uniform_where_neither_is_better() -> None:
    ps = []
    for seed in range(300):
        one, labels = cases(2 * seed, count=100)
        other, _ = cases(2 * seed + 1, count=100)
        ps.append(delong_difference(one, other, labels)[1])
    assert np.mean(np.array(ps) < 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(ps) == pytest.approx(0.5, abs=0.06)
