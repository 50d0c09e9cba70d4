"""Runs a shipped classifier, as the service would, over labelled images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from engines.classifier import Score, score_of
from engines.judgement import Calibration
from engines.networks.explain import Explained
from engines.networks.network import ImageNetwork
from engines.preprocess import prepare
from engines.training.examples import Example, labels_of, read_pixels
from engines.training.metrics import Labels, Scores
from engines.training.pointing import Pointing, point
from engines.training.progress import Progress, Report

Classify = Callable[[Sequence[NDArray[np.uint8]]], list[Score]]
"""Gray images, uint8 (rows, columns), to their scores."""

_BATCH = 8
_AS_IT_IS = Calibration(slope=1.0, intercept=0.0)


@dataclass(frozen=True, slots=True)
class Scored:
    """Per image, in order: logit, calibrated probability, label, where its heatmap points (None: nowhere),
    and Dice of the lesion that was found with the mask (NaN where nothing looks for it).
    """

    examples: tuple[Example, ...]
    logits: Scores
    probabilities: Scores
    labels: Labels
    pointings: tuple[Pointing | None, ...]
    dice: Scores

    def where(self, chosen: NDArray[np.bool_]) -> "Scored":
        """The chosen images only."""
        kept = np.flatnonzero(chosen)
        return Scored(
            tuple(self.examples[i] for i in kept),
            self.logits[chosen],
            self.probabilities[chosen],
            self.labels[chosen],
            tuple(self.pointings[i] for i in kept),
            self.dice[chosen],
        )

    @property
    def patients(self) -> list[str]:
        """Whose images they are."""
        return [example.patient for example in self.examples]


def score(classify: Classify, examples: Sequence[Example], report: Report) -> Scored:
    """Classify every example."""
    numbers: list[tuple[float, float, float]] = []
    pointings: list[Pointing | None] = []
    for start in range(0, len(examples), _BATCH):
        pixels = [read_pixels(example) for example in examples[start : start + _BATCH]]
        for one, result in zip(pixels, classify([p.gray for p in pixels]), strict=True):
            numbers.append((result.logit, result.probability, dice(result.lesion_mask, one.mask)))
            pointings.append(point(result.heatmap, one.mask))
        report(Progress("evaluate", len(numbers), len(examples)))
    logits, probabilities, overlaps = np.array(numbers).T
    return Scored(tuple(examples), logits, probabilities, labels_of(examples), tuple(pointings), overlaps)


def by_network(network: ImageNetwork, size: int) -> Classify:
    """A network that is not exported yet; its probabilities are not calibrated."""
    explained = Explained(network).eval()

    def classify(images: Sequence[NDArray[np.uint8]]) -> list[Score]:
        prepared = [prepare(image, size) for image in images]
        with torch.no_grad():
            answers = explained(torch.from_numpy(np.stack([one.tensor for one in prepared])))
        outputs = {name: one.numpy() for name, one in zip(network.outputs, answers, strict=True)}
        return [
            score_of({name: values[index] for name, values in outputs.items()}, one.placement, _AS_IT_IS)
            for index, one in enumerate(prepared)
        ]

    return classify


def joined(parts: Sequence[Scored]) -> Scored:
    """One after the other."""
    return Scored(
        tuple(example for part in parts for example in part.examples),
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.labels for part in parts]),
        tuple(pointing for part in parts for pointing in part.pointings),
        np.concatenate([part.dice for part in parts]),
    )


def dice(found: NDArray[np.bool_] | None, mask: NDArray[np.bool_]) -> float:
    """Dice of two masks of the same shape, 0..1 (Dice 1945); NaN where there is none to compare."""
    if found is None or not mask.any():
        return float("nan")
    return float(2 * (found & mask).sum() / (found.sum() + mask.sum()))
