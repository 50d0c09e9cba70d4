"""What may befall training images, as whole batches on the device that trains.

Each change is one that another hospital's scanner, or another hand on it, would make too. Nothing that is
painted in (calipers, text, blots) depends on the label.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional

from engines.training.recipe import Augmentation


@dataclass(frozen=True, slots=True)
class Dice:
    """Random numbers of one batch. `generator` decides them all."""

    count: int
    generator: torch.Generator

    def uniform(self, low: float, high: float, *shape: int) -> torch.Tensor:
        """(count, *shape), each number on its own."""
        drawn = torch.rand(self.count, *shape, generator=self.generator, device=self.generator.device)
        return low + (high - low) * drawn

    def normal(self, *shape: int) -> torch.Tensor:
        """Standard normal (count, *shape)."""
        return torch.randn(self.count, *shape, generator=self.generator, device=self.generator.device)

    def happens(self, probability: float) -> torch.Tensor:
        """Bool (count, 1, 1, 1)."""
        return self.uniform(0, 1, 1, 1, 1) < probability


def augment(
    gray: torch.Tensor, lesion: torch.Tensor, settings: Augmentation, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Changed copies of images and masks, float32 (n, 1, size, size), 0..1 both."""
    dice = Dice(gray.shape[0], generator)
    gray, lesion = _moved(gray, lesion, settings, dice)
    gray = torch.where(dice.happens(settings.marks), _calipers(gray, lesion, dice), gray)
    for probability, change in (
        (settings.blur, _blurred),
        (settings.depth_gain, _gained),
        (settings.tone, _toned),
        (settings.speckle, _speckled),
    ):
        gray = torch.where(dice.happens(probability), change(gray, dice), gray)
    gray = torch.where(dice.happens(settings.erase), _blotted(gray, lesion, dice), gray)
    return gray.clamp(0, 1), (lesion >= 0.5).float()  # noqa: PLR2004


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


def _moved(
    gray: torch.Tensor, lesion: torch.Tensor, settings: Augmentation, dice: Dice
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mirrored, turned, stretched, and cut to a square that holds the lesion."""
    low, high = box_of(lesion)
    first, last = dice.uniform(0, 1, 2), dice.uniform(0, 1, 2)
    left_top, right_bottom = -1 + (low + 1) * first, 1 - (1 - high) * last
    cut = dice.happens(settings.crop)[:, :, 0, 0]
    middle = torch.where(cut, (left_top + right_bottom) / 2, 0.0)
    scale = torch.where(cut, ((right_bottom - left_top) / 2).amax(1, keepdim=True).clamp(0.4, 1), 1.0)
    turned = dice.happens(settings.affine)[:, 0, 0, 0]
    angle = torch.where(turned, dice.uniform(-0.3, 0.3), 0.0)
    stretch = torch.where(turned[:, None], torch.exp(dice.uniform(-0.18, 0.18, 2)), 1.0)
    mirror = torch.where(dice.uniform(0, 1) < 0.5, -1.0, 1.0)  # noqa: PLR2004 - left and right are alike
    rows = torch.stack([torch.cos(angle), -torch.sin(angle), torch.sin(angle), torch.cos(angle)], 1)
    turn = rows.view(-1, 2, 2) * (scale * stretch)[:, None, :]
    turn = turn * torch.stack([mirror, torch.ones_like(mirror)], 1)[:, None, :]
    theta = torch.cat([turn, middle[:, :, None]], 2)
    grid = functional.affine_grid(theta, list(gray.shape), align_corners=False)
    both = functional.grid_sample(torch.cat([gray, lesion], 1), grid, align_corners=False)
    return both[:, :1], both[:, 1:]


def _calipers(gray: torch.Tensor, lesion: torch.Tensor, dice: Dice) -> torch.Tensor:
    """Crosses at the lesion's ends or anywhere."""
    size, count = gray.shape[-1], 4
    low, high = box_of(lesion)
    middle = (low + high) / 2
    ends = torch.stack(
        [
            torch.stack([low[:, 0], middle[:, 1]], 1),
            torch.stack([high[:, 0], middle[:, 1]], 1),
            torch.stack([middle[:, 0], low[:, 1]], 1),
            torch.stack([middle[:, 0], high[:, 1]], 1),
        ],
        1,
    )
    anywhere = dice.uniform(-0.95, 0.95, count, 2)
    at = torch.where(dice.uniform(0, 1, 1, 1) < 0.7, ends + dice.uniform(-0.03, 0.03, count, 2), anywhere)  # noqa: PLR2004
    at = torch.where(dice.uniform(0, 1, count, 1) < 0.6, at, 5.0)  # noqa: PLR2004 - 5: outside, not drawn
    places = torch.linspace(-1, 1, size, device=gray.device)
    along_x = (places[None, None, None, :] - at[:, :, 0, None, None]).abs()
    along_y = (places[None, None, :, None] - at[:, :, 1, None, None]).abs()
    arm, line = dice.uniform(0.015, 0.045, 1, 1, 1), 1.2 / size
    cross = ((along_x < arm) & (along_y < line)) | ((along_y < arm) & (along_x < line))
    return torch.where(cross.any(1, keepdim=True), dice.uniform(0.5, 1.0, 1, 1, 1), gray)


def _blurred(gray: torch.Tensor, dice: Dice) -> torch.Tensor:
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


def _gained(gray: torch.Tensor, dice: Dice) -> torch.Tensor:
    """Time gain compensation set otherwise: brightness changes with depth."""
    depth = torch.linspace(0, 1, gray.shape[-2], device=gray.device)[None, None, :, None]
    near, far = dice.uniform(0.6, 1.4, 1, 1, 1), dice.uniform(0.6, 1.4, 1, 1, 1)
    return gray * (near * (1 - depth) + far * depth)


def _toned(gray: torch.Tensor, dice: Dice) -> torch.Tensor:
    """Dynamic range, gain and gray map. Black stays black."""
    gamma = torch.exp(dice.uniform(-0.5, 0.5, 1, 1, 1))
    return gray.clamp(1e-4, 1) ** gamma * dice.uniform(0.75, 1.3, 1, 1, 1)


def _speckled(gray: torch.Tensor, dice: Dice) -> torch.Tensor:
    size = gray.shape[-1]
    grain = int(torch.randint(1, 4, (), generator=dice.generator, device=gray.device))
    small = dice.normal(1, size // grain, size // grain)
    noise = functional.interpolate(small, (size, size), mode="bilinear", align_corners=False)
    return gray * (1 + dice.uniform(0.05, 0.3, 1, 1, 1) * noise)


def _blotted(gray: torch.Tensor, lesion: torch.Tensor, dice: Dice) -> torch.Tensor:
    """Patches at the upper and lower border, where text and body marks live; never over the lesion."""
    size = gray.shape[-1]
    places = torch.arange(size, device=gray.device).float() / size
    patch = torch.zeros_like(gray, dtype=torch.bool)
    for _ in range(2):
        height, width = dice.uniform(0.06, 0.25, 1, 1, 1), dice.uniform(0.08, 0.35, 1, 1, 1)
        left = dice.uniform(0, 1, 1, 1, 1) * (1 - width)
        top = torch.where(dice.happens(0.5), torch.zeros_like(height), 1 - height)
        across = (places >= left) & (places < left + width)
        down = (places[:, None] >= top) & (places[:, None] < top + height)
        patch = patch | (across & down)
    texture = (dice.uniform(0, 1, 1, size, size) < dice.uniform(0, 1, 1, 1, 1)).float()
    painted = dice.uniform(0, 1, 1, 1, 1) * texture
    return torch.where(patch & (lesion < 0.5), painted, gray)  # noqa: PLR2004
