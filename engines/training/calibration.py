"""Calibration and operating point, both from the validation part alone."""

import numpy as np

from engines.errors import DataError
from engines.evaluation.arrays import Labels, Scores
from engines.judgement import Calibration

_STEPS = 100
_CONVERGED = 1e-10
_SMALLEST_SLOPE = 1e-3


def fit_platt(logits: Scores, labels: Labels) -> Calibration:
    """Fit sigmoid(slope * logit + intercept) by maximum likelihood, with Platt's smoothed targets.

    Source: Platt 1999; the smoothing keeps the slope finite where the classes separate. Raises DataError
    with one class only, or where higher logits do not mean more malignancies.
    """
    positive = int(labels.sum())
    negative = labels.size - positive
    if not positive or not negative:
        raise DataError("calibration needs benign and malignant images in the validation part")
    targets = np.where(labels == 1, (positive + 1) / (positive + 2), 1 / (negative + 2))
    slope, intercept = _newton(logits, targets)
    if slope < _SMALLEST_SLOPE:
        raise DataError(
            f"calibration slope is {slope:.2g}: the network has not learnt the classes; train longer"
        )
    return Calibration(slope=slope, intercept=intercept)


def probabilities(calibration: Calibration, logits: Scores) -> Scores:
    """Calibrated probabilities (n,), 0..1."""
    return np.array([calibration.probability(float(logit)) for logit in logits])


def threshold_for(sensitivity: float, scores: Scores, labels: Labels) -> float:
    """The highest threshold with which at least this share of malignant images reaches it."""
    malignant = np.sort(scores[labels == 1])[::-1]
    needed = int(np.ceil(sensitivity * malignant.size - 1e-9))
    return float(malignant[max(needed, 1) - 1])


def _newton(logits: Scores, targets: Scores) -> tuple[float, float]:
    design = np.stack([logits, np.ones_like(logits)], axis=1)
    parameters = np.zeros(2)
    for _ in range(_STEPS):
        expected = 1 / (1 + np.exp(-np.clip(design @ parameters, -30, 30)))
        gradient = design.T @ (targets - expected)
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        parameters = parameters + step / max(1.0, float(np.abs(step).max()))
        if float(np.abs(step).max()) < _CONVERGED:
            break
    return float(parameters[0]), float(parameters[1])
