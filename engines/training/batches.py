"""Pictures into batches, the same for the same seed whatever came before."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from engines.training.augmentation.augment import augment, augment_companion
from engines.training.augmentation.framing import Frame
from engines.training.pictures import Pictures
from engines.training.recipe import Recipe

_EPOCHS_AT_MOST = 1_000_003
"""Seeds of two recipes and epochs never meet below this."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`images` and `masks` float32 (n, 1, size, size) in 0..1, `labels` and `birads` int64 (n,); `companions`
    as `images`, for a network that looks at both.
    """

    images: torch.Tensor
    masks: torch.Tensor
    labels: torch.Tensor
    birads: torch.Tensor
    companions: torch.Tensor | None = None

    @property
    def inputs(self) -> tuple[torch.Tensor, ...]:
        """What the network is given."""
        return (self.images,) if self.companions is None else (self.images, self.companions)


def training_batches(pictures: Pictures, frame: Frame, recipe: Recipe, epoch: int) -> Iterator[Batch]:
    """One epoch, shuffled and augmented. An incomplete last batch is left out: its batch norm is noise."""
    device, count = pictures.label.device, recipe.optimiser.batch
    generator = torch.Generator(device).manual_seed(recipe.seed * _EPOCHS_AT_MOST + epoch)
    order = torch.randperm(len(pictures), generator=generator, device=device)
    for start in range(0, max(1, len(order) - count + 1), count):
        chosen = pictures.of(order[start : start + count])
        gray, lesion, companion = _as_floats(chosen)
        changed = augment(gray, lesion, frame, recipe.augmentation, generator)
        if companion is not None:
            companion = augment_companion(companion, frame, recipe.augmentation, generator)
        yield Batch(*changed, chosen.label, chosen.birads, companion)


def plain_batches(pictures: Pictures, count: int) -> Iterator[Batch]:
    """In order, as they are."""
    for start in range(0, len(pictures), count):
        chosen = pictures.of(range(start, min(start + count, len(pictures))))
        gray, lesion, companion = _as_floats(chosen)
        yield Batch(gray, lesion, chosen.label, chosen.birads, companion)


def _as_floats(pictures: Pictures) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    companion = None if pictures.companion is None else pictures.companion.float() / 255.0
    return pictures.gray.float() / 255.0, pictures.lesion.float(), companion
