"""What acting on a classifier gains over acting on all or on none (Vickers and Elkin 2006)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.evaluation.arrays import Labels, Scores

_LOWEST, _HIGHEST, _STEPS = 0.01, 0.6, 60


@dataclass(frozen=True, slots=True, eq=False)
class DecisionCurve:
    """Net benefit, true positives per image less false ones at the odds of `threshold`, each (n,)."""

    threshold: NDArray[np.float64]
    classifier: NDArray[np.float64]
    all_positive: NDArray[np.float64]


def decision_curve(probabilities: Scores, labels: Labels) -> DecisionCurve:
    """For thresholds between 1 % and 60 %: who fears cancer at 2 % acts there, who fears biopsies later."""
    thresholds = np.linspace(_LOWEST, _HIGHEST, _STEPS)
    odds = thresholds / (1 - thresholds)
    positive = probabilities[None] >= thresholds[:, None]
    hits = (positive & (labels == 1)).mean(1)
    alarms = (positive & (labels == 0)).mean(1)
    share = float(labels.mean())
    return DecisionCurve(thresholds, hits - alarms * odds, share - (1 - share) * odds)
