"""Area under the ROC curve, with intervals by patient."""

from collections.abc import Sequence

import numpy as np

from engines.evaluation.arrays import Labels, Scores
from engines.evaluation.resampling import RESAMPLES, resampled
from engines.judgement import Difference, Rate


def auc(scores: Scores, labels: Labels) -> float:
    """Area under the ROC curve by ranks (Mann-Whitney), ties count half. NaN with one class only."""
    positive = int(labels.sum())
    negative = labels.size - positive
    if not positive or not negative:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[labels == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))


def auc_with_interval(
    scores: Scores, labels: Labels, patients: Sequence[str], resamples: int = RESAMPLES, seed: int = 0
) -> Rate:
    """AUC with a 95 % percentile bootstrap over patients, since images of one patient are not independent."""
    drawn = [auc(scores[chosen], labels[chosen]) for chosen in resampled(patients, resamples, seed)]
    value = auc(scores, labels)
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Rate(value, min(float(low), value), max(float(high), value))


def auc_loss_with_interval(
    before: Scores,
    after: Scores,
    labels: Labels,
    patients: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """AUC of `before` less that of `after`, scores of the same images: both from each resample of patients,
    so that what the images have in common does not widen the 95 % interval.
    """
    drawn = [
        auc(before[chosen], labels[chosen]) - auc(after[chosen], labels[chosen])
        for chosen in resampled(patients, resamples, seed)
    ]
    value = auc(before, labels) - auc(after, labels)
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Difference(value, min(float(low), value), max(float(high), value))
