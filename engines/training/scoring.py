"""Runs a shipped classifier, as the service would, over labelled images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.classifier import Classifier
from engines.training.examples import Example, labels_of, read_pixels
from engines.training.metrics import Labels, Scores
from engines.training.pointing import Pointing, point
from engines.training.progress import Progress, Report

_BATCH = 8


@dataclass(frozen=True, slots=True)
class Scored:
    """Per image, in order: calibrated probability, label, and where its heatmap points (None: nowhere)."""

    examples: tuple[Example, ...]
    probabilities: Scores
    labels: Labels
    pointings: tuple[Pointing | None, ...]

    def where(self, chosen: NDArray[np.bool_]) -> "Scored":
        """The chosen images only."""
        kept = np.flatnonzero(chosen)
        return Scored(
            tuple(self.examples[i] for i in kept),
            self.probabilities[chosen],
            self.labels[chosen],
            tuple(self.pointings[i] for i in kept),
        )

    @property
    def patients(self) -> list[str]:
        """Whose images they are."""
        return [example.patient for example in self.examples]


def score(classifier: Classifier, examples: Sequence[Example], report: Report) -> Scored:
    """Classify every example."""
    probabilities: list[float] = []
    pointings: list[Pointing | None] = []
    for start in range(0, len(examples), _BATCH):
        pixels = [read_pixels(example) for example in examples[start : start + _BATCH]]
        for one, result in zip(pixels, classifier.classify([p.gray for p in pixels]), strict=True):
            probabilities.append(result.probability)
            pointings.append(point(result.heatmap, one.mask))
        report(Progress("evaluate", len(probabilities), len(examples)))
    return Scored(tuple(examples), np.array(probabilities), labels_of(examples), tuple(pointings))
