"""What is measured of every side, a classifier or a reader."""

import numpy as np

from engines.evaluation.auc import auc_with_interval
from engines.evaluation.calibration_error import brier, expected_calibration_error, reliability
from engines.evaluation.decisions import decided_with_intervals, sensitivity_at, specificity_at
from engines.evaluation.delong import delong_interval
from engines.evaluation.figures import Figure, rate_figure
from engines.evaluation.rates import wilson
from engines.evaluation.resampling import RESAMPLES
from engines.evaluation.sides import Cases, Side

AUC = "AUC"
_BOOTSTRAP = f"patient bootstrap, {RESAMPLES} resamples"
_SPECIFICITY, _SENSITIVITY = 0.80, 0.95
"""Where screening and diagnosis are compared: papers and guidelines ask for the other one there."""
_TARGET_SENSITIVITY, _TARGET_SPECIFICITY = 0.90, 0.60
_TARGET_ERROR = 0.05
_SMALLEST_SUBGROUP = 10
"""Images of the rarer class; an AUC of fewer is noise."""


def side_figures(side: Side, cases: Cases, target_auc: float | None = None) -> list[Figure]:
    """All figures, the important ones first."""
    area = auc_with_interval(side.scores, cases.labels, cases.patients)
    at = f"at {side.threshold:.4g} or above; {_BOOTSTRAP}; {cases.size}"
    return [
        rate_figure(AUC, area, f"{_BOOTSTRAP}; {cases.size}", target_auc),
        rate_figure(
            f"{AUC}, DeLong interval",
            delong_interval(side.scores, cases.labels),
            "images taken for independent",
        ),
        *(
            Figure(measure, rate.value, "1", at, low=rate.low, high=rate.high)
            for measure, rate in decided_with_intervals(side, cases).items()
        ),
        *_by_patient(side, cases),
        *_ends_of_the_curve(side, cases),
        *(_calibration(side, cases) if side.is_probability else []),
        *_subgroups(side, cases),
    ]


def _by_patient(side: Side, cases: Cases) -> list[Figure]:
    """A patient's most suspicious image speaks for her, as in the service; the mean of all beside it."""
    names = sorted(set(cases.patients))
    if len(names) == cases.labels.size:
        return []
    patients = np.array(cases.patients)
    of_each = [np.flatnonzero(patients == name) for name in names]
    labels = np.array([cases.labels[images].max() for images in of_each])
    figures = []
    for how, together in (("highest", np.max), ("mean", np.mean)):
        scores = np.array([float(together(side.scores[images])) for images in of_each])
        area = auc_with_interval(scores, labels, names)
        figures.append(rate_figure(f"{AUC} by patient, {how} of her images", area, f"{len(names)} patients"))
    return figures


def _ends_of_the_curve(side: Side, cases: Cases) -> list[Figure]:
    high = sensitivity_at(_SPECIFICITY, side.scores, cases.labels)
    low = specificity_at(_SENSITIVITY, side.scores, cases.labels)
    how = "read from these images' own curve"
    return [
        Figure(
            f"sensitivity at specificity {_SPECIFICITY:.2f}",
            high,
            "1",
            how,
            _TARGET_SENSITIVITY,
            high >= _TARGET_SENSITIVITY,
        ),
        Figure(
            f"specificity at sensitivity {_SENSITIVITY:.2f}",
            low,
            "1",
            how,
            _TARGET_SPECIFICITY,
            low >= _TARGET_SPECIFICITY,
        ),
    ]


def _calibration(side: Side, cases: Cases) -> list[Figure]:
    table = reliability(side.scores, cases.labels)
    error = expected_calibration_error(table)
    bins = [
        rate_figure(
            f"malignant at probability {row.low:.1f} to {row.high:.1f}",
            wilson(round(row.malignant * row.images), row.images),
            f"{row.images} images, mean probability {row.probability:.3f}",
        )
        for row in table
    ]
    return [
        Figure("Brier score", brier(side.scores, cases.labels), "1", "0 is perfect"),
        Figure(
            "expected calibration error",
            error,
            "1",
            "ten bins of equal width",
            _TARGET_ERROR,
            error <= _TARGET_ERROR,
        ),
        *bins,
    ]


def _subgroups(side: Side, cases: Cases) -> list[Figure]:
    figures = []
    for by, names in cases.groups.items():
        for name in sorted({name for name in names if name}):
            chosen = np.array([one == name for one in names])
            labels = cases.labels[chosen]
            if min(int(labels.sum()), int((labels == 0).sum())) < _SMALLEST_SUBGROUP:
                continue
            part = cases.where(chosen)
            area = auc_with_interval(side.scores[chosen], part.labels, part.patients)
            figures.append(rate_figure(f"{AUC}, {by} {name}", area, f"{labels.size} images"))
    return figures
