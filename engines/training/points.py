"""The points between which a department chooses: miss little, be in the middle, or alarm little."""

import numpy as np

from engines.evaluation.arrays import Labels, Scores
from engines.evaluation.decisions import roc_points
from engines.evaluation.rates import sensitivity, specificity
from engines.judgement import OperatingPoint
from engines.training.calibration import threshold_for

HIGH_SENSITIVITY, BALANCED, HIGH_SPECIFICITY = "high sensitivity", "balanced", "high specificity"
_HIGH = 0.95


def named_points(scores: Scores, labels: Labels, measured_on: str) -> tuple[OperatingPoint, ...]:
    """Sensitivity of 95 %, the largest sum of sensitivity and specificity (Youden 1950), specificity of 95 %.

    `scores` are calibrated probabilities of images that the network has not learnt from.
    """
    thresholds = {
        HIGH_SENSITIVITY: threshold_for(_HIGH, scores, labels),
        BALANCED: _balanced(scores, labels),
        HIGH_SPECIFICITY: _specific(scores, labels),
    }
    return tuple(
        OperatingPoint(
            name,
            threshold,
            sensitivity(scores, labels, threshold),
            specificity(scores, labels, threshold),
            measured_on,
        )
        for name, threshold in thresholds.items()
    )


def _balanced(scores: Scores, labels: Labels) -> float:
    hits, alarms = roc_points(scores, labels)
    descending = np.unique(scores)[::-1]
    return float(descending[int(np.argmax((hits - alarms)[1:]))])


def _specific(scores: Scores, labels: Labels) -> float:
    """The lowest threshold that at most one in twenty benign images reaches."""
    benign = np.sort(scores[labels == 0])
    highest = benign[int(np.ceil(_HIGH * benign.size - 1e-9)) - 1]
    above = scores[scores > highest]
    return float(above.min()) if above.size else float(np.nextafter(highest, 1.0))
