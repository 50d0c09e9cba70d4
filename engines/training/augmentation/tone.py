"""What gain, depth, gray map and speckle make of the same tissue."""

import torch
from torch.nn import functional

from engines.training.augmentation.dice import Dice


def blurred(gray: torch.Tensor, dice: Dice) -> torch.Tensor:
    """Softer, or a little sharper."""
    away = torch.arange(-4, 5, device=gray.device).float()
    kernel = torch.exp(-(away**2) / (2 * dice.uniform(0.4, 1.8, 1) ** 2))
    kernel = kernel / kernel.sum(1, keepdim=True)
    flat = gray.transpose(0, 1)
    for shape, padding in (((-1, 1, 1, 9), (4, 4, 0, 0)), ((-1, 1, 9, 1), (0, 0, 4, 4))):
        padded = functional.pad(flat, padding, mode="replicate")
        flat = functional.conv2d(padded, kernel.view(*shape), groups=kernel.shape[0])
    soft = flat.transpose(0, 1)
    return torch.where(dice.happens(0.3), gray + 0.7 * (gray - soft), soft)


def gained(gray: torch.Tensor, dice: Dice) -> torch.Tensor:
    """Time gain compensation set otherwise: brightness changes with depth."""
    depth = torch.linspace(0, 1, gray.shape[-2], device=gray.device)[None, None, :, None]
    near, far = dice.uniform(0.6, 1.4, 1, 1, 1), dice.uniform(0.6, 1.4, 1, 1, 1)
    return gray * (near * (1 - depth) + far * depth)


def toned(gray: torch.Tensor, dice: Dice) -> torch.Tensor:
    """Dynamic range, gain and gray map. Black stays black."""
    gamma = torch.exp(dice.uniform(-0.5, 0.5, 1, 1, 1))
    return gray.clamp(1e-4, 1) ** gamma * dice.uniform(0.75, 1.3, 1, 1, 1)


def speckled(gray: torch.Tensor, dice: Dice) -> torch.Tensor:
    """Multiplied by noise of one to three pixels' grain."""
    size = gray.shape[-1]
    grain = int(torch.randint(1, 4, (), generator=dice.generator, device=gray.device))
    small = dice.normal(1, size // grain, size // grain)
    noise = functional.interpolate(small, (size, size), mode="bilinear", align_corners=False)
    return gray * (1 + dice.uniform(0.05, 0.3, 1, 1, 1) * noise)
