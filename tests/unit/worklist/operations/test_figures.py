import numpy as np
import pytest
from scipy.stats import ks_2samp

from service.worklist.operations.figures import BINS, histogram, percentiles, shift


def test_percentiles_are_of_what_was_measured() -> None:
    found = percentiles([float(n) for n in range(1, 101)])
    assert found is not None
    assert (found.median, found.p95, found.longest, found.count) == (50.0, 95.0, 100.0, 100)
    assert percentiles([]) is None
    one = percentiles([3.0])
    assert one is not None
    assert one.p95 == 3.0


def test_a_histogram_counts_everything_once() -> None:
    counts = histogram([0.0, 0.049, 0.05, 0.5, 0.999, 1.0])
    assert len(counts) == BINS
    assert (counts[0], counts[1], counts[10], counts[19]) == (2, 1, 1, 2)


@pytest.mark.parametrize("seed", range(5))
def test_the_distance_is_that_of_kolmogorov_and_smirnov(seed: int) -> None:
    rng = np.random.default_rng(seed)
    now, before = rng.beta(2, 5, 60).round(2).tolist(), rng.beta(2, 4, 150).round(2).tolist()
    assert shift(now, before).distance == pytest.approx(ks_2samp(now, before).statistic)


def test_chance_is_taken_for_a_shift_once_in_a_hundred_times() -> None:
    rng = np.random.default_rng(0)
    large = [shift(rng.random(60).tolist(), rng.random(200).tolist()).is_large for _ in range(2000)]
    assert 0.002 < np.mean(large) < 0.015


def test_a_shift_is_found_and_too_few_say_nothing() -> None:
    low, high = [n / 200 for n in range(100)], [0.5 + n / 200 for n in range(100)]
    assert shift(high, low).is_large
    assert not shift(low, low).is_large
    few = shift(high[:29], low)
    assert not few.is_known
    assert not few.is_large
