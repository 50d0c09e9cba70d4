"""Runs a shipped classifier, as the service would, over labelled images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.classifier import Score
from engines.data.examples import UNKNOWN, Example, labels_of, read_pixels
from engines.evaluation.arrays import Labels, Scores
from engines.evaluation.detection import Candidate, candidates
from engines.evaluation.pointing import Pointing, point
from engines.evaluation.sides import Cases
from engines.guard import Embeddings
from engines.pair import Given
from engines.progress import Progress, Report

Classify = Callable[[Sequence[Given]], list[Score]]
"""Gray images, uint8 (rows, columns), or pairs to their scores."""

_BATCH = 8
_SIZES = ((0.05, "under 5 %"), (0.15, "5 to 15 %"))
_LARGEST = "over 15 %"


@dataclass(frozen=True, slots=True)
class Scored:
    """Per image, in order: logit, calibrated probability, label, where its heatmap points (None: nowhere),
    Dice of the lesion that was found with the mask (NaN where nothing looks for it), the mask's share of the
    image, the embedding (n, d), and what might be a lesion (None where nobody asks, or none is drawn).
    """

    examples: tuple[Example, ...]
    logits: Scores
    probabilities: Scores
    labels: Labels
    pointings: tuple[Pointing | None, ...]
    dice: Scores
    mask_shares: Scores
    embeddings: Embeddings
    candidates: tuple[tuple[Candidate, ...] | None, ...]

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
            self.mask_shares[chosen],
            self.embeddings[chosen],
            tuple(self.candidates[i] for i in kept),
        )

    @property
    def cases(self) -> Cases:
        """The images, told apart by scanner, category, side and size of the lesion. Raises DataError."""
        return Cases(self.labels, self.patients, _groups(self))

    @property
    def patients(self) -> list[str]:
        """Whose images they are."""
        return [example.patient for example in self.examples]


def score(classify: Classify, examples: Sequence[Example], report: Report) -> Scored:
    """Classify every example."""
    numbers: list[tuple[float, ...]] = []
    pointings: list[Pointing | None] = []
    embeddings: list[NDArray[np.float32]] = []
    found: list[tuple[Candidate, ...] | None] = []
    for start in range(0, len(examples), _BATCH):
        pixels = [read_pixels(example) for example in examples[start : start + _BATCH]]
        for one, result in zip(pixels, classify([p.given for p in pixels]), strict=True):
            overlap, share = dice(result.lesion_mask, one.mask), float(one.mask.mean())
            numbers.append((result.logit, result.probability, overlap, share))
            pointings.append(point(result.heatmap, one.mask))
            embeddings.append(result.embedding)
            lesion = result.lesion_at(one.mask.shape)
            found.append(candidates(lesion, one.mask) if lesion is not None and one.mask.any() else None)
        report(Progress("evaluate", len(numbers), len(examples)))
    logits, probabilities, overlaps, shares = np.array(numbers).T
    return Scored(
        tuple(examples),
        logits,
        probabilities,
        labels_of(examples),
        tuple(pointings),
        overlaps,
        shares,
        np.stack(embeddings),
        tuple(found),
    )


def joined(parts: Sequence[Scored]) -> Scored:
    """One after the other."""
    return Scored(
        tuple(example for part in parts for example in part.examples),
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.labels for part in parts]),
        tuple(pointing for part in parts for pointing in part.pointings),
        np.concatenate([part.dice for part in parts]),
        np.concatenate([part.mask_shares for part in parts]),
        np.concatenate([part.embeddings for part in parts]),
        tuple(one for part in parts for one in part.candidates),
    )


def dice(found: NDArray[np.bool_] | None, mask: NDArray[np.bool_]) -> float:
    """Dice of two masks of the same shape, 0..1 (Dice 1945); NaN where there is none to compare."""
    if found is None or not mask.any():
        return float("nan")
    return float(2 * (found & mask).sum() / (found.sum() + mask.sum()))


def _groups(scored: Scored) -> dict[str, list[str]]:
    """By what images are told apart, and each image's group; "" where it is not known."""
    return {
        "scanner": [example.group for example in scored.examples],
        "BI-RADS": ["" if e.birads == UNKNOWN else str(e.birads) for e in scored.examples],
        "side": [example.side for example in scored.examples],
        "lesion of": [_size(share) for share in scored.mask_shares],
    }


def _size(share: float) -> str:
    if share == 0:
        return ""
    name = next((name for most, name in _SIZES if share < most), _LARGEST)
    return f"{name} of the image"
