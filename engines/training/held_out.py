"""Scores of all folds of a data set, each by a network that has not learnt from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from engines.evaluation.auc import auc, auc_with_interval
from engines.evaluation.classifier_figures import measure
from engines.evaluation.figures import Figure, rate_figure
from engines.evaluation.painted import Painted, painted_figures
from engines.evaluation.painted import together as painted_together
from engines.evaluation.resampling import resampled
from engines.evaluation.scoring import Scored, joined
from engines.evaluation.side_figures import AUC
from engines.judgement import Calibration, Rate
from engines.manifest import Manifest
from engines.training.calibration import fit_platt, probabilities

_TARGET_AUC = 0.93


@dataclass(frozen=True, slots=True)
class HeldOut:
    """`folds`: scores by the fold's number, not calibrated. `painted`: of the same images and networks, what
    marks change, not calibrated either; empty where it was not asked for.
    """

    folds: Mapping[int, Scored]
    painted: Mapping[int, Painted] = field(default_factory=dict)

    @property
    def together(self) -> Scored:
        """All folds, one after the other."""
        return joined(self.folds.values())

    def calibrated(self) -> Scored:
        """All folds, each with the calibration that the others give: it has not seen these labels either."""
        folds = []
        for number, fold in self.folds.items():
            folds.append(fold.with_probabilities(probabilities(self._calibration(number), fold.logits)))
        return joined(folds)

    def _calibration(self, number: int) -> Calibration:
        others = joined(other for one, other in self.folds.items() if one != number)
        return fit_platt(others.logits, others.labels)

    def figures(self, manifest: Manifest) -> list[Figure]:
        """The folds' AUC, then what is measured on every data set."""
        each = {number: _area(fold) for number, fold in self.folds.items()}
        how = f"each of {len(each)} folds held out once; interval by patients, 2000 resamples in each fold"
        sizes = {number: f"{len(fold.examples)} images" for number, fold in self.folds.items()}
        return [
            rate_figure(f"{AUC}, mean of folds", self._mean_area(), how, _TARGET_AUC),
            *(rate_figure(f"{AUC}, fold {number}", each[number], sizes[number]) for number in each),
            *measure(self.calibrated(), manifest),
            *self._painted_figures(manifest.operating_point.threshold),
        ]

    def _painted_figures(self, threshold: float) -> list[Figure]:
        if not self.painted:
            return []
        parts = [one.calibrated(self._calibration(number)) for number, one in self.painted.items()]
        return painted_figures(painted_together(parts), threshold)

    def _mean_area(self) -> Rate:
        drawn = [
            [
                auc(fold.logits[chosen], fold.labels[chosen])
                for chosen in resampled(fold.patients, 2000, number)
            ]
            for number, fold in self.folds.items()
        ]
        low, high = np.nanpercentile(np.mean(drawn, 0), [2.5, 97.5])
        value = float(np.mean([auc(fold.logits, fold.labels) for fold in self.folds.values()]))
        return Rate(value, min(float(low), value), max(float(high), value))


def _area(fold: Scored) -> Rate:
    return auc_with_interval(fold.logits, fold.labels, fold.patients)
