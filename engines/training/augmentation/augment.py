"""Everything that may befall one batch, in order."""

from dataclasses import replace

import torch

from engines.training.augmentation.dice import Dice
from engines.training.augmentation.framing import Frame, framed
from engines.training.augmentation.marks import blotted, calipers
from engines.training.augmentation.tone import blurred, gained, speckled, toned
from engines.training.recipe import Augmentation


def augment(
    gray: torch.Tensor, lesion: torch.Tensor, frame: Frame, settings: Augmentation, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Changed copies of images and masks (n, 1, h, w), as `frame` shows them: float32, 0..1 both."""
    dice = Dice(gray.shape[0], generator)
    gray, lesion = framed(gray, lesion, frame, settings, dice)
    gray = torch.where(dice.happens(settings.marks), calipers(gray, lesion, dice), gray)
    for probability, change in (
        (settings.blur, blurred),
        (settings.depth_gain, gained),
        (settings.tone, toned),
        (settings.speckle, speckled),
    ):
        gray = torch.where(dice.happens(probability), change(gray, dice), gray)
    gray = torch.where(dice.happens(settings.erase), blotted(gray, lesion, dice), gray)
    return gray.clamp(0, 1), (lesion >= 0.5).float()  # noqa: PLR2004


def augment_companion(
    images: torch.Tensor, frame: Frame, settings: Augmentation, generator: torch.Generator
) -> torch.Tensor:
    """Changed copies of companions (n, 1, h, w): turned, and of another tone. What befalls ultrasound only,
    or is drawn at a lesion, does not befall them.
    """
    of_any_image = replace(settings, crop=0, speckle=0, depth_gain=0, erase=0, marks=0)
    return augment(images, torch.zeros_like(images), frame, of_any_image, generator)[0]
