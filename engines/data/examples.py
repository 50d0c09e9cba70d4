"""Labelled images, whatever data set they are from."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engines.errors import DataError
from engines.pair import Given, Pair

UNKNOWN = -1
"""Label of an image without a mass, category of an image that nobody categorised."""


@dataclass(frozen=True, slots=True)
class Circle:
    """Where a lesion is, roughly: middle and radius in pixels of the image, `y` from its top."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class Example:
    """One image with its lesion: a mask's file, a circle, or None where nobody has drawn it.

    `label` 0 benign, 1 malignant; `group` is scanner or the like. `birads`: the radiologists' category, 2 to
    5, or UNKNOWN. `side`: `left`, `right`, or "" where unknown. `companion`: an image of another examination
    of the patient, for a network that looks at both.
    """

    image: Path
    mask: Path | Circle | None
    label: int
    patient: str
    group: str
    birads: int = UNKNOWN
    side: str = ""
    companion: Path | None = None


@dataclass(frozen=True, slots=True)
class Pixels:
    """`gray` uint8 (rows, columns), `mask` bool of the same shape, True on the lesion; `companion` uint8 of
    any shape, where there is one.
    """

    gray: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    companion: NDArray[np.uint8] | None = None

    @property
    def given(self) -> Given:
        """What a classifier is given of it."""
        return self.gray if self.companion is None else Pair(self.gray, self.companion)


@dataclass(frozen=True, slots=True)
class LearningSet:
    """What a stage learns from, and what it is measured on after each epoch."""

    train: Sequence[Example]
    validation: Sequence[Example]


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
        gray = _gray(example.image)
        companion = None if example.companion is None else _gray(example.companion)
        lesion = _mask(example.mask, gray.shape)
    except OSError as reason:
        raise DataError(
            f"{example.image.name}, its mask or its companion cannot be read: {reason}"
        ) from reason
    if gray.shape != lesion.shape:
        raise DataError(f"{example.image.name}: image {gray.shape} and mask {lesion.shape} differ in shape")
    return Pixels(gray, lesion, companion)


def _gray(path: Path) -> NDArray[np.uint8]:
    """Raises OSError."""
    with Image.open(path) as image:
        return np.array(image.convert("L"), dtype=np.uint8)


def _mask(mask: Path | Circle | None, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """True on the lesion; nowhere where nobody has drawn it. Raises OSError."""
    if isinstance(mask, Path):
        with Image.open(mask) as opened:
            return np.asarray(np.array(opened.convert("L")) > 0)
    if mask is None:
        return np.zeros(shape, np.bool_)
    row, column = np.ogrid[: shape[0], : shape[1]]
    return np.asarray((column + 0.5 - mask.x) ** 2 + (row + 0.5 - mask.y) ** 2 <= mask.radius**2)


def labels_of(examples: Sequence[Example]) -> NDArray[np.int64]:
    """Labels (n,), 0 benign, 1 malignant."""
    return np.array([example.label for example in examples], dtype=np.int64)
