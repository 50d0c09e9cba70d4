"""Does the finder find lesions, and how often something else? Free-response ROC (Bunch 1978)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.evaluation.figures import Figure, rate_figure
from engines.evaluation.rates import wilson

_CANDIDATE = 0.1
"""Probability from which on connected pixels are a candidate."""
FALSE_POSITIVES = (0.1, 0.25, 0.5)
"""Per image, at which sensitivity is told."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A connected part of what might be lesion; `score` is its highest probability."""

    score: float
    is_lesion: bool
    """Whether its middle lies in the mask."""


def candidates(lesion: NDArray[np.float32], mask: NDArray[np.bool_]) -> tuple[Candidate, ...]:
    """Of one image: the lesion's probability and the mask, both (rows, columns)."""
    from scipy import ndimage  # late: only evaluation needs it

    parts, count = ndimage.label(lesion >= _CANDIDATE)
    found = []
    for part in range(1, count + 1):
        inside = parts == part
        row, column = (round(float(place.mean())) for place in np.nonzero(inside))
        found.append(Candidate(float(lesion[inside].max()), bool(mask[row, column])))
    return tuple(found)


def detection_figures(of_images: Sequence[tuple[Candidate, ...]]) -> list[Figure]:
    """Sensitivity at so many false candidates per image; each image has one lesion."""
    count = len(of_images)
    figures = []
    for most in FALSE_POSITIVES:
        threshold = _threshold(of_images, most * count)
        hits = sum(any(one.is_lesion and one.score >= threshold for one in found) for found in of_images)
        figures.append(
            rate_figure(
                f"lesions detected at {most:g} false positives per image",
                wilson(hits, count),
                f"a candidate counts whose middle lies in the mask; {count} images with one lesion each",
            )
        )
    return figures


def _threshold(of_images: Sequence[tuple[Candidate, ...]], most: float) -> float:
    """The lowest score at which at most so many candidates are false."""
    false = sorted((one.score for found in of_images for one in found if not one.is_lesion), reverse=True)
    allowed = int(most)
    return 0.0 if len(false) <= allowed else float(np.nextafter(false[allowed], 2.0))
