"""What a stage teaches: which part of an image the network is shown, and what it should get right."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from engines.errors import RecipeError
from engines.networks.fusion import FusionNetwork
from engines.networks.lesion.network import FINDER_SIZE, VIEW_SIZE, VIEWS, LesionNetwork
from engines.networks.network import ClassifierNetwork, ImageNetwork
from engines.training.augmentation.framing import Frame
from engines.training.batches import Batch
from engines.training.loss import birads_loss, class_loss, lesion_loss, outside_share
from engines.training.recipe import LESION, Loss, Recipe, Stage

_WIDER, _CLOSER = 1.1, 0.85
"""Views in training vary beyond the margins that count later."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """`loss` of a batch of images that are framed so: scalar."""

    frame: Frame
    loss: Callable[[Batch], torch.Tensor]


def lesson_of(
    network: ImageNetwork, stage: Stage, recipe: Recipe, weights: torch.Tensor | None = None
) -> Lesson:
    """The lesson; `weights` (2,) of the classes. Raises RecipeError for what this network cannot learn."""
    settings = recipe.loss
    if isinstance(network, LesionNetwork):
        if settings.outside:
            raise _unusable("outside", recipe)
        if stage.learns == LESION:
            return Lesson(Frame(FINDER_SIZE), lambda batch: _found(network, batch))
        margins = (VIEWS[0].margin * _CLOSER, VIEWS[-1].margin * _WIDER)
        return Lesson(Frame(VIEW_SIZE, margins), lambda batch: _judged(network, batch, settings, weights))
    if stage.learns == LESION:
        raise RecipeError(
            f"stage {stage.name!r} learns the lesion, which {recipe.network.architecture!r} does not find; "
            "choose lesion_mobilenet_v2, or leave the stage out"
        )
    if settings.birads:
        raise _unusable("birads", recipe)
    if isinstance(network, FusionNetwork) and settings.outside:
        raise _unusable("outside", recipe)
    if not isinstance(network, ClassifierNetwork | FusionNetwork):
        raise RecipeError(f"no stage teaches a {type(network).__name__}")
    return Lesson(Frame(recipe.network.size), lambda batch: _classified(network, batch, settings, weights))


def _classified(
    network: ClassifierNetwork | FusionNetwork, batch: Batch, settings: Loss, weights: torch.Tensor | None
) -> torch.Tensor:
    maps = network.maps_of_each(*batch.inputs)
    loss = class_loss(network.head(*maps), batch.labels, settings.label_smoothing, weights)
    if settings.outside:
        loss = loss + settings.outside * outside_share(network.head.evidence(*maps), batch.masks)
    return loss


def _found(network: LesionNetwork, batch: Batch) -> torch.Tensor:
    return lesion_loss(network.finder(batch.images), batch.masks)


def _judged(
    network: LesionNetwork, batch: Batch, settings: Loss, weights: torch.Tensor | None
) -> torch.Tensor:
    logits, birads = network.judges[0](batch.images, batch.masks)
    loss = class_loss(logits, batch.labels, settings.label_smoothing, weights)
    return loss + settings.birads * birads_loss(birads, batch.birads)


def _unusable(weight: str, recipe: Recipe) -> RecipeError:
    return RecipeError(
        f"loss.{weight} means nothing to {recipe.network.architecture!r}: leave it out of the recipe"
    )
