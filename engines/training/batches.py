"""Examples into batches, the same for the same seed whatever came before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from engines.preprocess import prepare
from engines.training.augmentation import augment
from engines.training.examples import Example, Pixels, read_pixels
from engines.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Batch:
    """`images` and `masks` float32 (n, 1, size, size) in 0..1, `labels` int64 (n,)."""

    images: torch.Tensor
    masks: torch.Tensor
    labels: torch.Tensor


class Cache:
    """Decoded images, read once: eight-bit, a few hundred megabytes for a few thousand."""

    def __init__(self) -> None:
        self._pixels: dict[Example, Pixels] = {}

    def read(self, example: Example) -> Pixels:
        """The example's pixels."""
        if example not in self._pixels:
            self._pixels[example] = read_pixels(example)
        return self._pixels[example]


def training_batches(
    examples: Sequence[Example], recipe: Recipe, epoch: int, cache: Cache
) -> Iterator[Batch]:
    """One epoch, shuffled and augmented. An incomplete last batch is left out: its batch norm is noise."""
    order = np.random.default_rng((recipe.seed, epoch)).permutation(len(examples))
    size, count = recipe.network.size, recipe.optimiser.batch
    for start in range(0, max(1, len(order) - count + 1), count):
        chosen = [int(i) for i in order[start : start + count]]
        changed = [
            augment(
                cache.read(examples[i]),
                size,
                recipe.augmentation,
                np.random.default_rng((recipe.seed, epoch, i)),
            )
            for i in chosen
        ]
        yield _batch(changed, [examples[i].label for i in chosen])


def plain_batches(examples: Sequence[Example], size: int, count: int, cache: Cache) -> Iterator[Batch]:
    """In order, as the service would prepare them."""
    for start in range(0, len(examples), count):
        chosen = examples[start : start + count]
        pixels = [_letterboxed(cache.read(example), size) for example in chosen]
        yield _batch(pixels, [example.label for example in chosen])


def _letterboxed(pixels: Pixels, size: int) -> Pixels:
    gray, mask = (_square(p, size) for p in (pixels.gray, pixels.mask.astype(np.uint8) * 255))
    return Pixels(gray, mask > 127)  # noqa: PLR2004 - half of 255


def _square(gray: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    return np.asarray(np.rint(prepare(gray, size).tensor[0] * 255.0), dtype=np.uint8)


def _batch(pixels: Sequence[Pixels], labels: Sequence[int]) -> Batch:
    images = np.stack([p.gray for p in pixels])[:, None].astype(np.float32) / 255.0
    masks = np.stack([p.mask for p in pixels])[:, None].astype(np.float32)
    return Batch(torch.from_numpy(images), torch.from_numpy(masks), torch.tensor(labels))
