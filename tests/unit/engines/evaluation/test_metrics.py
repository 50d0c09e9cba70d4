import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from engines.evaluation.arrays import Scores
from engines.evaluation.auc import auc, auc_loss_with_interval, auc_with_interval
from engines.evaluation.calibration_error import brier, expected_calibration_error, reliability
from engines.evaluation.rates import sensitivity, specificity, wilson

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 2, 200).astype(np.int64)
SCORES: Scores = np.round(np.clip(RNG.normal(0.4 + 0.2 * LABELS, 0.2), 0, 1), 2).astype(np.float64)  # ties


def test_auc_is_scikit_learn_s_also_with_ties() -> None:
    assert auc(SCORES, LABELS) == pytest.approx(roc_auc_score(LABELS, SCORES))


def test_auc_of_one_class_is_not_a_number() -> None:
    assert np.isnan(auc(SCORES, np.zeros_like(LABELS)))


def test_brier_is_scikit_learn_s() -> None:
    assert brier(SCORES, LABELS) == pytest.approx(brier_score_loss(LABELS, SCORES))


def test_the_bootstrap_draws_patients_not_images() -> None:
    alone = auc_with_interval(SCORES, LABELS, [str(i) for i in range(200)], resamples=500)
    tripled = auc_with_interval(
        np.tile(SCORES, 3), np.tile(LABELS, 3), [str(i) for i in range(200)] * 3, resamples=500
    )
    assert alone.low < alone.value < alone.high
    assert tripled.value == pytest.approx(alone.value)
    assert tripled.high - tripled.low == pytest.approx(alone.high - alone.low, rel=0.01)


def test_a_loss_is_paired_so_that_scores_in_the_same_order_lose_nothing() -> None:
    patients = [str(i // 2) for i in range(200)]
    loss = auc_loss_with_interval(SCORES, SCORES**3, LABELS, patients)
    assert (loss.value, loss.low, loss.high) == (0.0, 0.0, 0.0)


def test_a_loss_is_positive_where_the_second_scores_are_worse() -> None:
    patients = [str(i // 2) for i in range(200)]
    worse = SCORES + np.random.default_rng(1).normal(0, 1.0, 200)
    loss = auc_loss_with_interval(SCORES, worse, LABELS, patients)
    assert loss.value == pytest.approx(auc(SCORES, LABELS) - auc(worse, LABELS))
    assert 0 < loss.low < loss.value < loss.high


def test_wilson_is_the_published_interval() -> None:
    # Newcombe, Statistics in Medicine 1998, table I: 81 of 263, and 0 of 20.
    rate, none = wilson(81, 263), wilson(0, 20)
    assert [rate.low, rate.high] == pytest.approx([0.2553, 0.3662], abs=1e-4)
    assert [none.low, none.high] == pytest.approx([0.0, 0.1611], abs=1e-4)


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="total"):
        wilson(0, 0)


def test_the_threshold_itself_counts_as_positive() -> None:
    scores, labels = np.array([0.2, 0.5, 0.5, 0.9]), np.array([0, 0, 1, 1])
    assert sensitivity(scores, labels, 0.5).value == 1.0
    assert specificity(scores, labels, 0.5).value == 0.5


def test_calibration_error_weighs_bins_by_their_images() -> None:
    scores, labels = np.array([0.15, 0.15, 0.15, 1.0]), np.array([0, 0, 1, 1])
    table = reliability(scores, labels)
    assert [row.images for row in table] == [3, 1]
    assert [row.low for row in table] == pytest.approx([0.1, 0.9])
    assert expected_calibration_error(table) == pytest.approx(0.75 * (1 / 3 - 0.15))
