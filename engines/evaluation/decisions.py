"""What decisions at a threshold are worth, with intervals by patient."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engines.evaluation.arrays import Labels, Scores
from engines.evaluation.resampling import resampled
from engines.evaluation.sides import Cases, Side
from engines.judgement import Difference

ACCURACY, PRECISION, F1, YOUDEN = "accuracy", "precision", "F1", "Youden index"
SENSITIVITY, SPECIFICITY = "sensitivity", "specificity"
MEASURES = (ACCURACY, SENSITIVITY, SPECIFICITY, PRECISION, F1, YOUDEN)


def decided(positive: NDArray[np.bool_], labels: Labels) -> dict[str, float]:
    """Each of MEASURES. NaN where nothing was decided that it could be a share of."""
    hits, misses = int((positive & (labels == 1)).sum()), int((~positive & (labels == 1)).sum())
    alarms, passed = int((positive & (labels == 0)).sum()), int((~positive & (labels == 0)).sum())
    sensitivity, specificity = _share(hits, hits + misses), _share(passed, passed + alarms)
    return {
        ACCURACY: _share(hits + passed, labels.size),
        SENSITIVITY: sensitivity,
        SPECIFICITY: specificity,
        PRECISION: _share(hits, hits + alarms),
        F1: _share(2 * hits, 2 * hits + misses + alarms),
        YOUDEN: sensitivity + specificity - 1,
    }


def decided_with_intervals(side: Side, cases: Cases) -> Mapping[str, Difference]:
    """Each of MEASURES that there is, with its 95 % bootstrap interval over patients."""
    values = decided(side.positive, cases.labels)
    drawn = [
        list(decided(side.positive[chosen], cases.labels[chosen]).values())
        for chosen in resampled(cases.patients)
    ]
    return {
        measure: _interval(value, np.array(of_measure))
        for (measure, value), of_measure in zip(values.items(), zip(*drawn, strict=True), strict=True)
        if not np.isnan(value)
    }


def _interval(value: float, drawn: Scores) -> Difference:
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Difference(value, min(float(low), value), max(float(high), value))


def sensitivity_at(specificity: float, scores: Scores, labels: Labels) -> float:
    """The highest sensitivity with at least this specificity, 0..1."""
    hits, alarms = roc_points(scores, labels)
    return float(hits[1 - alarms >= specificity - _ROUNDING].max())


def specificity_at(sensitivity: float, scores: Scores, labels: Labels) -> float:
    """The highest specificity with at least this sensitivity, 0..1."""
    hits, alarms = roc_points(scores, labels)
    return float(1 - alarms[hits >= sensitivity - _ROUNDING].min())


def roc_points(scores: Scores, labels: Labels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sensitivity and 1 - specificity at every threshold that makes a difference, from (0, 0) to (1, 1)."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), scores.size - 1)
    hits = np.cumsum(labels[order])[ends] / max(1, int(labels.sum()))
    alarms = np.cumsum(1 - labels[order])[ends] / max(1, int((1 - labels).sum()))
    return np.append(0.0, hits), np.append(0.0, alarms)


_ROUNDING = 1e-12


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
