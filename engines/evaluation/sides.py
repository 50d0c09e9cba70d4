"""What is compared: classifiers and readers who have judged the same images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engines.errors import DataError
from engines.evaluation.arrays import Labels, Scores


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Images with their labels. `groups`: by what they may be told apart, such as the scanner, and the group
    of each image; "" where it is not known.
    """

    labels: Labels
    patients: Sequence[str]
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if set(np.unique(self.labels).tolist()) != {0, 1}:
            raise DataError("an evaluation needs benign and malignant images, and no others")

    @property
    def size(self) -> str:
        """How many, in words."""
        return f"{self.labels.size} images of {len(set(self.patients))} patients"

    def where(self, chosen: NDArray[np.bool_]) -> "Cases":
        """The chosen images. Raises DataError where they are of one class."""
        kept = np.flatnonzero(chosen).tolist()
        groups = {by: [names[i] for i in kept] for by, names in self.groups.items()}
        return Cases(self.labels[chosen], [self.patients[i] for i in kept], groups)


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One classifier or reader: `scores` of all images in order; at `threshold` or above one is positive.

    `is_probability`: whether they are meant as probabilities, and so can be right or wrong as such.
    """

    name: str
    scores: Scores
    threshold: float
    is_probability: bool = False

    @property
    def positive(self) -> NDArray[np.bool_]:
        """What was decided, (n,)."""
        return np.asarray(self.scores >= self.threshold)
