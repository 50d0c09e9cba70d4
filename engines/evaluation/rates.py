"""Shares of images that were decided right."""

import math

from engines.evaluation.arrays import Labels, Scores
from engines.judgement import Rate

Z95 = 1.959963984540054
"""97.5 % quantile of the normal distribution."""


def wilson(hits: int, total: int) -> Rate:
    """A share with its 95 % score interval (Wilson 1927). Raises ValueError if there is nothing to share."""
    if not 0 <= hits <= total or not total:
        raise ValueError(f"a rate needs 0 <= hits <= total and total > 0, got {hits} of {total}")
    share, squared = hits / total, Z95**2
    centre = (share + squared / (2 * total)) / (1 + squared / total)
    half = Z95 / (1 + squared / total) * math.sqrt(share * (1 - share) / total + squared / (4 * total**2))
    return Rate(share, min(max(0.0, centre - half), share), max(min(1.0, centre + half), share))


def sensitivity(scores: Scores, labels: Labels, threshold: float) -> Rate:
    """Share of malignant images at or above the threshold."""
    return wilson(int((scores[labels == 1] >= threshold).sum()), int(labels.sum()))


def specificity(scores: Scores, labels: Labels, threshold: float) -> Rate:
    """Share of benign images below the threshold."""
    return wilson(int((scores[labels == 0] < threshold).sum()), int((labels == 0).sum()))
