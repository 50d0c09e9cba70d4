import numpy as np
import pytest

from service.cli.demo.speckle import DYNAMIC_RANGE_DB, REFERENCE_GRAY, b_mode, ridges, smooth, smooth_noise

SHAPE = (200, 300)


def test_smoothing_keeps_the_sum_and_spreads_a_point_as_a_gaussian() -> None:
    point = np.zeros((65, 65))
    point[32, 32] = 1.0

    smoothed = smooth(point, 2.0, 4.0)

    assert smoothed.sum() == pytest.approx(1.0)
    assert smoothed[32, 32] == pytest.approx(1 / (2 * np.pi * 2.0 * 4.0), rel=1e-3)


def test_smooth_noise_is_standardised_and_correlated_over_its_length() -> None:
    noise = smooth_noise(np.random.default_rng(1), SHAPE, 5.0, 5.0)

    neighbours = np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1]
    assert (noise.mean(), noise.std()) == (pytest.approx(0, abs=1e-9), pytest.approx(1))
    assert neighbours > 0.9


def test_ridges_lie_where_the_noise_crosses_zero() -> None:
    lines = ridges(np.array([[-1.0, 0.0, 1.0]]), 0.2)

    assert lines[0, 1] == 1.0
    assert max(lines[0, 0], lines[0, 2]) < 1e-6


def test_tissue_of_half_the_amplitude_is_six_decibels_darker() -> None:
    echo_db = np.zeros(SHAPE)
    echo_db[:, 150:] = 20 * np.log10(0.5)

    gray = b_mode(np.random.default_rng(1), echo_db, 0.07, 7.0).astype(float)

    difference_db = (gray[:, :140].mean() - gray[:, 160:].mean()) * DYNAMIC_RANGE_DB / 255
    assert difference_db == pytest.approx(6.02, abs=0.5)


def test_uniform_tissue_shows_speckle_round_the_reference_gray() -> None:
    gray = b_mode(np.random.default_rng(1), np.zeros(SHAPE), 0.07, 7.0).astype(float)

    # The logarithm of an average of three looks lies below the logarithm of the mean, by 0.76 dB at 3 looks.
    assert gray.mean() == pytest.approx(REFERENCE_GRAY, abs=8)
    assert 8 < gray.std() < 30
