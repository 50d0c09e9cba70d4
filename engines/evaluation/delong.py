"""Areas under correlated ROC curves and how sure they are (DeLong 1988; by midranks, Sun and Xu 2014).

It takes images for independent. Where patients have several, the interval by patients (auc.py) is the honest
one; this one is what papers give.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engines.evaluation.arrays import Labels, Scores
from engines.evaluation.rates import Z95
from engines.judgement import Difference, Rate


def delong(sides: Sequence[Scores], labels: Labels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Areas (k,) and their covariance (k, k). `labels` holds both classes."""
    malignant, benign = labels == 1, labels == 0
    hits, alarms = int(malignant.sum()), int(benign.sum())
    of_malignant, of_benign = [], []
    for scores in sides:
        together = _midranks(scores)
        of_malignant.append((together[malignant] - _midranks(scores[malignant])) / alarms)
        of_benign.append(1 - (together[benign] - _midranks(scores[benign])) / hits)
    areas = np.mean(of_malignant, axis=1)
    covariance = np.atleast_2d(np.cov(of_malignant)) / hits + np.atleast_2d(np.cov(of_benign)) / alarms
    return areas, covariance


def delong_interval(scores: Scores, labels: Labels) -> Rate:
    """AUC with its 95 % interval."""
    areas, covariance = delong([scores], labels)
    value, half = float(areas[0]), Z95 * math.sqrt(float(covariance[0, 0]))
    return Rate(value, max(0.0, value - half), min(1.0, value + half))


def delong_difference(one: Scores, other: Scores, labels: Labels) -> tuple[Difference, float]:
    """What the AUC of `one` is above that of `other`, of the same images, and the two-sided p."""
    areas, covariance = delong([one, other], labels)
    value = float(areas[0] - areas[1])
    deviation = math.sqrt(max(0.0, float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])))
    difference = Difference(value, max(-1.0, value - Z95 * deviation), min(1.0, value + Z95 * deviation))
    if deviation == 0:
        return difference, 1.0 if value == 0 else 0.0
    return difference, math.erfc(abs(value) / deviation / math.sqrt(2))


def _midranks(scores: Scores) -> NDArray[np.float64]:
    """Ranks from 1; equal scores share the mean of theirs."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks
