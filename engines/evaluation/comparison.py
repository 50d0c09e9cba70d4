"""Two who have judged the same images: is one better, or was it luck?"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.evaluation.delong import delong_difference
from engines.evaluation.sides import Cases, Side
from engines.judgement import Difference


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `side` is above `other`. `auc_p` by DeLong; the others by McNemar's exact test, two-sided."""

    side: str
    other: str
    auc: Difference
    auc_p: float
    accuracy_p: float
    sensitivity_p: float
    specificity_p: float


def compared(side: Side, other: Side, cases: Cases) -> Comparison:
    """Compare both on all images."""
    auc, auc_p = delong_difference(side.scores, other.scores, cases.labels)
    malignant = cases.labels == 1
    right, also = side.positive == malignant, other.positive == malignant
    return Comparison(
        side.name,
        other.name,
        auc,
        auc_p,
        accuracy_p=mcnemar(right, also),
        sensitivity_p=mcnemar(right[malignant], also[malignant]),
        specificity_p=mcnemar(right[~malignant], also[~malignant]),
    )


def mcnemar(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """P of the two being right on different images so unequally often (McNemar 1947, exact, two-sided)."""
    only_one, only_other = int((one & ~other).sum()), int((~one & other).sum())
    differing = only_one + only_other
    tail = sum(math.comb(differing, count) for count in range(min(only_one, only_other) + 1))
    return float(min(1.0, 2 * tail / 2**differing))
