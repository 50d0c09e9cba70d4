"""What people and scanners paint into images: calipers, text, body marks."""

import torch

from engines.training.augmentation.dice import Dice
from engines.training.augmentation.framing import box_of


def calipers(gray: torch.Tensor, lesion: torch.Tensor, dice: Dice) -> torch.Tensor:
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


def blotted(gray: torch.Tensor, lesion: torch.Tensor, dice: Dice) -> torch.Tensor:
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
