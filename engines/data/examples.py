"""Labelled images, whatever data set they are from."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engines.errors import DataError

UNKNOWN = -1
"""Label of an image without a mass, category of an image that nobody categorised."""


@dataclass(frozen=True, slots=True)
class Example:
    """One image with its lesion mask. `label` 0 benign, 1 malignant; `group` is scanner or the like.

    `birads`: the radiologists' category, 2 to 5, or UNKNOWN. `side`: `left`, `right`, or "" where unknown.
    """

    image: Path
    mask: Path
    label: int
    patient: str
    group: str
    birads: int = UNKNOWN
    side: str = ""


@dataclass(frozen=True, slots=True)
class Pixels:
    """`gray` uint8 (rows, columns), `mask` bool of the same shape, True on the lesion."""

    gray: NDArray[np.uint8]
    mask: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Parts:
    """A data set divided by patient. Raises DataError if a patient is in two parts, or a part is empty."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    test: tuple[Example, ...]

    def __post_init__(self) -> None:
        patients = {name: {e.patient for e in self.named(name)} for name in ("train", "validation", "test")}
        for name, members in patients.items():
            if not members:
                raise DataError(f"the {name} part is empty; check the folds in the recipe")
        for one, other in combinations(patients, 2):
            shared = patients[one] & patients[other]
            if shared:
                raise DataError(
                    f"{len(shared)} patients are in both {one} and {other}; divide the data by patient"
                )

    def named(self, name: str) -> tuple[Example, ...]:
        """The part called `train`, `validation` or `test`."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        if name not in parts:
            raise DataError(f"no part {name!r}; there are: {', '.join(parts)}")
        return parts[name]


def read_pixels(example: Example) -> Pixels:
    """Read image and mask. Raises DataError if one is missing or their shapes differ."""
    try:
        with Image.open(example.image) as image, Image.open(example.mask) as mask:
            gray = np.array(image.convert("L"), dtype=np.uint8)
            lesion = np.array(mask.convert("L")) > 0
    except OSError as reason:
        raise DataError(f"{example.image.name} or its mask cannot be read: {reason}") from reason
    if gray.shape != lesion.shape:
        raise DataError(f"{example.image.name}: image {gray.shape} and mask {lesion.shape} differ in shape")
    return Pixels(gray, lesion)


def labels_of(examples: Sequence[Example]) -> NDArray[np.int64]:
    """Labels (n,), 0 benign, 1 malignant."""
    return np.array([example.label for example in examples], dtype=np.int64)
