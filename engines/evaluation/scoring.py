"""Runs a shipped classifier, as the service would, over labelled images."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engines.classifier import Score
from engines.data.examples import UNKNOWN, Example, Pixels, labels_of, read_pixels
from engines.evaluation.arrays import Labels, Scores
from engines.evaluation.detection import Candidate, candidates
from engines.evaluation.pointing import Pointing, point
from engines.evaluation.sides import Cases
from engines.pair import Given
from engines.progress import Progress, Report
from engines.texture import Textures, texture

Classify = Callable[[Sequence[Given]], list[Score]]
"""Gray images, uint8 (rows, columns), or pairs to their scores."""

_BATCH = 8
_SIZES = ((0.05, "under 5 %"), (0.15, "5 to 15 %"))
_LARGEST = "over 15 %"


@dataclass(frozen=True, slots=True, eq=False)
class ScoredImage:
    """`probability`: calibrated. `pointing`: where its heatmap points, None for nowhere. `dice` of the found
    lesion with the mask, NaN where nothing looks for it; `mask_share`: of the image. `candidates`: what might
    be a lesion, None where nobody asks, or none is drawn.
    """

    example: Example
    logit: float
    probability: float
    pointing: Pointing | None
    dice: float
    mask_share: float
    candidates: tuple[Candidate, ...] | None


@dataclass(frozen=True)
class Scored:
    """Images in order; each array has one value of each."""

    images: tuple[ScoredImage, ...]

    @cached_property
    def logits(self) -> Scores:
        """Malignant minus benign, not calibrated."""
        return np.array([image.logit for image in self.images])

    @cached_property
    def probabilities(self) -> Scores:
        """Calibrated."""
        return np.array([image.probability for image in self.images])

    @cached_property
    def dice(self) -> Scores:
        """NaN where nothing looks for the lesion, or none is drawn."""
        return np.array([image.dice for image in self.images])

    @cached_property
    def labels(self) -> Labels:
        """0 benign, 1 malignant."""
        return labels_of(self.examples)

    @cached_property
    def textures(self) -> Textures:
        """(n, VALUES). Read anew: only a guard asks for them. Raises DataError."""
        return np.stack([texture(read_pixels(example).gray) for example in self.examples])

    @property
    def examples(self) -> tuple[Example, ...]:
        """Where they are from."""
        return tuple(image.example for image in self.images)

    @property
    def cases(self) -> Cases:
        """The images, told apart by scanner, category, side and size of the lesion. Raises DataError."""
        return Cases(self.labels, self.patients, _groups(self))

    @property
    def patients(self) -> list[str]:
        """Whose images they are."""
        return [image.example.patient for image in self.images]

    def with_probabilities(self, probabilities: Scores) -> "Scored":
        """The same, calibrated anew."""
        pairs = zip(self.images, probabilities.tolist(), strict=True)
        return Scored(tuple(replace(image, probability=probability) for image, probability in pairs))


def score(classify: Classify, examples: Sequence[Example], report: Report) -> Scored:
    """Classify every example."""
    images: list[ScoredImage] = []
    for start in range(0, len(examples), _BATCH):
        batch = examples[start : start + _BATCH]
        pixels = [read_pixels(example) for example in batch]
        scores = classify([one.given for one in pixels])
        images += map(_scored_image, batch, pixels, scores)
        report(Progress("evaluate", len(images), len(examples)))
    return Scored(tuple(images))


def joined(parts: Iterable[Scored]) -> Scored:
    """One after the other."""
    return Scored(tuple(image for part in parts for image in part.images))


def _scored_image(example: Example, pixels: Pixels, score: Score) -> ScoredImage:
    lesion = score.lesion_at(pixels.mask.shape)
    return ScoredImage(
        example,
        score.logit,
        score.probability,
        point(score.heatmap, pixels.mask),
        dice(score.lesion_mask, pixels.mask),
        float(pixels.mask.mean()),
        candidates(lesion, pixels.mask) if lesion is not None and pixels.mask.any() else None,
    )


def dice(found: NDArray[np.bool_] | None, mask: NDArray[np.bool_]) -> float:
    """Dice of two masks of the same shape, 0..1 (Dice 1945); NaN where there is none to compare."""
    if found is None or not mask.any():
        return float("nan")
    return float(2 * (found & mask).sum() / (found.sum() + mask.sum()))


def _groups(scored: Scored) -> dict[str, list[str]]:
    """By what images are told apart, and each image's group; "" where it is not known."""
    examples = scored.examples
    return {
        "scanner": [example.group for example in examples],
        "BI-RADS": ["" if e.birads == UNKNOWN else str(e.birads) for e in examples],
        "side": [example.side for example in examples],
        "lesion of": [_size(image.mask_share) for image in scored.images],
    }


def _size(share: float) -> str:
    if share == 0:
        return ""
    name = next((name for most, name in _SIZES if share < most), _LARGEST)
    return f"{name} of the image"
