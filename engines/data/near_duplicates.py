"""Images that are nearly the same: on both sides of a split they make a classifier look better than it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engines.data.examples import Example
from engines.errors import DataError

ALIKE = 0.95
"""Correlation of the gray values at 64 x 64 from which on two images count as the same."""
_SIDE = 64
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Two images and how alike they are, up to 1."""

    one: Example
    other: Example
    correlation: float


def near_duplicates(some: Sequence[Example], others: Sequence[Example]) -> list[NearDuplicates]:
    """Pairs of one of `some` and one of `others`, the most alike first. Raises DataError."""
    alike = _thumbnails(some) @ _thumbnails(others).T
    pairs = [
        NearDuplicates(some[i], others[j], float(alike[i, j])) for i, j in np.argwhere(alike > ALIKE).tolist()
    ]
    return sorted(pairs, key=lambda pair: -pair.correlation)


def refuse_near_duplicates(train: Sequence[Example], held_out: Sequence[Example]) -> None:
    """Raises DataError where an image to learn from is nearly one that is held out."""
    pairs = near_duplicates(train, held_out)
    if pairs:
        named = "; ".join(f"{pair.one.image.name} and {pair.other.image.name}" for pair in pairs[:_SHOWN])
        raise DataError(
            f"{len(pairs)} pairs of images to learn from and images held out are nearly the same ({named}): "
            "give both the same patient, or leave one out"
        )


def _thumbnails(examples: Sequence[Example]) -> NDArray[np.float32]:
    """(n, 64 * 64), each of mean 0 and length 1, so that products are correlations."""
    rows = []
    for example in examples:
        try:
            with Image.open(example.image) as image:
                small = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
        except OSError as reason:
            raise DataError(f"{example.image} cannot be read: {reason}") from reason
        row = np.asarray(small, dtype=np.float32).ravel()
        row = row - row.mean()
        rows.append(row / max(float(np.linalg.norm(row)), 1e-6))
    return np.stack(rows)
