"""What part of an image a network gets to see, and how it lies there."""

from dataclasses import dataclass

import torch
from torch.nn import functional

from engines.networks.lesion.view import place_of
from engines.training.augmentation.dice import Dice
from engines.training.recipe import Augmentation

_SMALLEST_CROP = 0.4
"""Of the image's side."""
_WIDEST = 1.5
"""Times the image's side, where it is seen from further away."""
_ASTRAY = 0.12
"""Standard deviation of a view's middle, in halves of the lesion: a finder errs by as much."""


@dataclass(frozen=True, slots=True)
class Frame:
    """`size`: the side of what is seen, in pixels. `margins`: between how many times and how many times the
    lesion's width; None: the whole image, or a part of it that holds the lesion.
    """

    size: int
    margins: tuple[float, float] | None = None


def framed(
    gray: torch.Tensor, lesion: torch.Tensor, frame: Frame, settings: Augmentation, dice: Dice
) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and masks (n, 1, h, w), mirrored, turned, stretched and cut to (n, 1, size, size)."""
    middle, scale = (
        _part(lesion, settings, dice) if frame.margins is None else _view(lesion, frame.margins, dice)
    )
    turned = dice.happens(settings.affine)[:, 0, 0, 0]
    angle = torch.where(turned, dice.uniform(-0.3, 0.3), 0.0)
    stretch = torch.where(turned[:, None], torch.exp(dice.uniform(-0.18, 0.18, 2)), 1.0)
    mirror = torch.where(dice.uniform(0, 1) < 0.5, -1.0, 1.0)  # noqa: PLR2004 - left and right are alike
    rows = torch.stack([torch.cos(angle), -torch.sin(angle), torch.sin(angle), torch.cos(angle)], 1)
    turn = rows.view(-1, 2, 2) * (scale * stretch)[:, None, :]
    turn = turn * torch.stack([mirror, torch.ones_like(mirror)], 1)[:, None, :]
    theta = torch.cat([turn, middle[:, :, None]], 2)
    grid = functional.affine_grid(theta, [len(gray), 1, frame.size, frame.size], align_corners=False)
    both = functional.grid_sample(torch.cat([gray, lesion], 1), grid, align_corners=False)
    return both[:, :1], both[:, 1:]


def box_of(lesion: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Corners of each mask (n, 1, size, size), low and high, each (n, 2) as x and y in -1..1.

    Without a lesion: the middle of the image, an eighth of it wide.
    """
    size = lesion.shape[-1]
    places = torch.linspace(-1, 1, size, device=lesion.device)
    low, high = [], []
    for axis in (2, 3):
        there = lesion.amax((1, axis)) > 0.5  # noqa: PLR2004
        low.append(torch.where(there, places, 2.0).amin(1))
        high.append(torch.where(there, places, -2.0).amax(1))
    empty = lesion.amax((1, 2, 3)) < 0.5  # noqa: PLR2004
    corners = [torch.stack(one, 1) for one in (low, high)]
    return (
        torch.where(empty[:, None], -0.125, corners[0]),
        torch.where(empty[:, None], 0.125, corners[1]),
    )


def _part(lesion: torch.Tensor, settings: Augmentation, dice: Dice) -> tuple[torch.Tensor, torch.Tensor]:
    """Middle (n, 2) and half side (n, 1) of a square that holds the lesion, or of the whole image and what is
    black around it.
    """
    low, high = box_of(lesion)
    first, last = dice.uniform(0, 1, 2), dice.uniform(0, 1, 2)
    left_top, right_bottom = -1 + (low + 1) * first, 1 - (1 - high) * last
    cut = dice.happens(settings.crop)[:, :, 0, 0]
    middle = torch.where(cut, (left_top + right_bottom) / 2, 0.0)
    half = ((right_bottom - left_top) / 2).amax(1, keepdim=True).clamp(_SMALLEST_CROP, 1)
    return middle, torch.where(cut, half, _whole(half, settings, dice))


def _whole(half: torch.Tensor, settings: Augmentation, dice: Dice) -> torch.Tensor:
    """Half side of the whole image, or of a larger square. Without it, no further number is drawn."""
    if not settings.wide:
        return torch.ones_like(half)
    return torch.where(dice.happens(settings.wide)[:, :, 0, 0], dice.uniform(1.0, _WIDEST, 1), 1.0)


def _view(
    lesion: torch.Tensor, margins: tuple[float, float], dice: Dice
) -> tuple[torch.Tensor, torch.Tensor]:
    """Middle and half side of a square around the lesion, as a finder would see it that errs a little."""
    place = place_of(lesion)
    astray = place.half * dice.normal(2) * _ASTRAY
    return place.middle + astray, place.wider(dice.uniform(*margins, 1)).half
