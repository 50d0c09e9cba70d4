"""Tensors described by value."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.errors import InputError

IMAGES, LOGITS, HEATMAP, EMBEDDING = "images", "logits", "heatmap", "embedding"
"""Names of a classifier's input and outputs, in every backend."""

LESION = "lesion"
"""A further output of a classifier that finds the lesion: its probability over the square input."""

IMAGES_CT, HEATMAP_CT = "images_ct", "heatmap_ct"
"""The second input of a classifier that looks at ultrasound and chest CT together, and its heatmap."""

DYNAMIC = -1
"""A dimension whose length each call decides."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """`shape` with -1 for a dynamic dimension; `dtype` a numpy name such as `float32`."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    def __post_init__(self) -> None:
        if any(length < 1 and length != DYNAMIC for length in self.shape):
            raise InputError(f"tensor {self.name!r}: lengths are positive or -1 (dynamic), got {self.shape}")
        np.dtype(self.dtype)

    def check(self, array: NDArray[np.generic]) -> None:
        """Raise InputError unless `array` has this dtype and a shape that fits."""
        if array.dtype != np.dtype(self.dtype):
            raise InputError(f"tensor {self.name!r} takes {self.dtype}, got {array.dtype}")
        if not self._fits(array.shape):
            raise InputError(f"tensor {self.name!r} takes {self.shape} (-1 is any length), got {array.shape}")

    def _fits(self, shape: tuple[int, ...]) -> bool:
        if len(shape) != len(self.shape):
            return False
        return all(
            got >= 1 and wanted in (DYNAMIC, got) for wanted, got in zip(self.shape, shape, strict=True)
        )
