"""Whether probabilities are what they say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engines.evaluation.arrays import Labels, Scores


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
