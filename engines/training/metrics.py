"""Measures of a classifier on scores and labels; no network in sight."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.judgement import Difference, Rate

Scores = NDArray[np.float64]
Labels = NDArray[np.int64]

_Z95 = 1.959963984540054
"""97.5 % quantile of the normal distribution."""


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
    scores: Scores, labels: Labels, patients: Sequence[str], resamples: int = 2000, seed: int = 0
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
    resamples: int = 2000,
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


def wilson(hits: int, total: int) -> Rate:
    """A share with its 95 % score interval (Wilson 1927). Raises ValueError if there is nothing to share."""
    if not 0 <= hits <= total or not total:
        raise ValueError(f"a rate needs 0 <= hits <= total and total > 0, got {hits} of {total}")
    share, squared = hits / total, _Z95**2
    centre = (share + squared / (2 * total)) / (1 + squared / total)
    half = _Z95 / (1 + squared / total) * math.sqrt(share * (1 - share) / total + squared / (4 * total**2))
    return Rate(share, min(max(0.0, centre - half), share), max(min(1.0, centre + half), share))


def sensitivity(scores: Scores, labels: Labels, threshold: float) -> Rate:
    """Share of malignant images at or above the threshold."""
    return wilson(int((scores[labels == 1] >= threshold).sum()), int(labels.sum()))


def specificity(scores: Scores, labels: Labels, threshold: float) -> Rate:
    """Share of benign images below the threshold."""
    return wilson(int((scores[labels == 0] < threshold).sum()), int((labels == 0).sum()))


def brier(scores: Scores, labels: Labels) -> float:
    """Mean squared difference of probability and outcome (Brier 1950); 0 is perfect."""
    return float(np.mean((scores - labels) ** 2))


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """`low`..`high` of probability, `images` in it, their mean probability and share of malignant ones."""

    low: float
    high: float
    images: int
    probability: float
    malignant: float


def reliability(scores: Scores, labels: Labels, bins: int = 10) -> list[ReliabilityBin]:
    """Equal-width bins that hold at least one image."""
    place = np.minimum((scores * bins).astype(np.int64), bins - 1)
    table = []
    for i in range(bins):
        inside = place == i
        if inside.any():
            means = float(scores[inside].mean()), float(labels[inside].mean())
            table.append(ReliabilityBin(i / bins, (i + 1) / bins, int(inside.sum()), *means))
    return table


def expected_calibration_error(table: Sequence[ReliabilityBin]) -> float:
    """Mean distance of probability and share of malignant images, by images (Naeini 2015)."""
    total = sum(row.images for row in table)
    return sum(row.images * abs(row.probability - row.malignant) for row in table) / total


def resampled(patients: Sequence[str], resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Indices of the images of as many patients, drawn with replacement."""
    rng = np.random.default_rng(seed)
    members = _indices_by(patients)
    for _ in range(resamples):
        yield np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])


def _indices_by(patients: Sequence[str]) -> list[NDArray[np.int64]]:
    names = np.array(patients)
    return [np.flatnonzero(names == name).astype(np.int64) for name in sorted(set(patients))]
