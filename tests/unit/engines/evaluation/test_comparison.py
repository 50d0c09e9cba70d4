import numpy as np
import pytest

from engines.evaluation.comparison import compared, mcnemar
from engines.evaluation.sides import Cases, Side


@pytest.mark.parametrize(
    ("only_one", "only_other", "p"), [(0, 0, 1.0), (1, 5, 0.21875), (0, 10, 0.001953125), (4, 4, 1.0)]
)
def test_mcnemar_by_the_binomial_distribution(only_one: int, only_other: int, p: float) -> None:
    one = np.array([True] * (only_one + 7) + [False] * only_other)
    other = np.array([False] * only_one + [True] * (7 + only_other))
    assert mcnemar(one, other) == pytest.approx(p)


def test_a_comparison_says_in_what_the_sides_differ() -> None:
    labels = np.array([0, 1] * 50)
    cautious = Side("cautious", labels * 1.0, 0.5)
    eager = Side("eager", np.where(labels == 1, 1.0, np.arange(100) % 4 < 2), 0.5)
    comparison = compared(eager, cautious, Cases(labels, [str(i) for i in range(100)]))
    assert (comparison.side, comparison.other) == ("eager", "cautious")
    assert comparison.sensitivity_p == 1.0
    assert comparison.specificity_p < 0.001
    assert comparison.auc.value == pytest.approx(-0.25)
