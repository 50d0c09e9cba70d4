"""What a classifier is given at once: a gray image, or one with its companion from another examination."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.preprocess import Placement, prepare
from engines.spec import IMAGES, IMAGES_CT

Gray = NDArray[np.uint8]
"""(rows, columns)."""
Tensors = Mapping[str, NDArray[np.float32]]
"""By the network's input."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two gray images of one patient: the one that is read, of ultrasound, and a slice of her chest CT."""

    image: Gray
    companion: Gray


Given = Gray | Pair


def read_image(given: Given) -> Gray:
    """The image that is read, of both the one that heatmaps belong to."""
    return given.image if isinstance(given, Pair) else given


@dataclass(frozen=True, slots=True)
class PreparedGiven:
    """`tensors` (1, size, size) each; `placement` of the image that is read, to which heatmaps belong."""

    tensors: Tensors
    placement: Placement


def prepare_given(given: Given, size: int) -> PreparedGiven:
    """Both as the network takes them. Raises InputError as `prepare` does."""
    if not isinstance(given, Pair):
        one = prepare(given, size)
        return PreparedGiven({IMAGES: one.tensor}, one.placement)
    read, companion = prepare(given.image, size), prepare(given.companion, size)
    return PreparedGiven({IMAGES: read.tensor, IMAGES_CT: companion.tensor}, read.placement)


def stacked(several: Sequence[Tensors]) -> dict[str, NDArray[np.float32]]:
    """One batch (n, 1, size, size) for each input."""
    return {name: np.stack([one[name] for one in several]) for name in several[0]}
