"""Views of a lesion: a square around it, cut from the image, and what was seen there put back in its place.

Places are x and y from -1 to 1 over the image's square.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional

_SURE = 0.5
"""Probabilities below this are not the lesion: noise all over an image would move its middle."""
_NOTHING = 1e-5
"""What each pixel counts where no lesion is. Without any, the place is the whole image."""
_SMALLEST = 0.12
"""Half side of a view. Less would show pixels, not tissue."""
_LARGEST = 1.2


@dataclass(frozen=True, slots=True)
class View:
    """A square `margin` times as wide as the lesion, or its mirror image: left and right are alike."""

    margin: float
    is_mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Of the square that just holds the lesion: `middle` (n, 2) as x and y, `half` (n, 1) of its side."""

    middle: torch.Tensor
    half: torch.Tensor

    def seen(self, view: View) -> "Square":
        """What the view shows."""
        half = self.wider(view.margin).half
        return Square(self.middle, torch.cat([-half if view.is_mirrored else half, half], 1))

    def wider(self, margin: torch.Tensor | float) -> "Place":
        """The square `margin` times as wide, within bounds."""
        return Place(self.middle, (self.half * margin).clamp(_SMALLEST, _LARGEST))


@dataclass(frozen=True, slots=True)
class Square:
    """A part of the image: `middle` and `half` (n, 2) as x and y. A negative half is seen in a mirror."""

    middle: torch.Tensor
    half: torch.Tensor


def place_of(lesion: torch.Tensor) -> Place:
    """Where lesions (n, 1, h, w), probabilities or masks, are: by their moments, which a few strayed pixels
    hardly move. An ellipse fills its square exactly, from side to side of its longer axis.
    """
    weight = (sure(lesion) + _NOTHING)[:, 0]
    weight = weight / weight.sum((1, 2), keepdim=True)
    means, spreads = [], []
    for axis, length in ((1, lesion.shape[3]), (2, lesion.shape[2])):
        share, places = weight.sum(axis), steps(length).to(lesion)
        mean = (share * places).sum(1)
        means.append(mean)
        spreads.append((share * (places - mean[:, None]) ** 2).sum(1))
    return Place(torch.stack(means, 1), 2 * torch.stack(spreads, 1).amax(1, keepdim=True).sqrt())


def sure(lesion: torch.Tensor) -> torch.Tensor:
    """How far above even odds each pixel is lesion, 0..1; a mask stays what it is."""
    return (lesion - _SURE).clamp(min=0) / (1 - _SURE)


def look(images: torch.Tensor, at: Square, size: int) -> torch.Tensor:
    """That part of (n, c, h, w), as (n, c, size, size). Outside the image it is black."""
    return _sampled(images, at, size)


def put_back(maps: torch.Tensor, at: Square, size: int) -> torch.Tensor:
    """Maps (n, c, h, w) of a part to where they belong in the whole image, (n, c, size, size); else 0."""
    return _sampled(maps, Square(-at.middle / at.half, 1 / at.half), size)


def steps(length: int) -> torch.Tensor:
    """Middles of `length` pixels in a row, from -1 to 1."""
    return (torch.arange(length) * 2 + 1) / length - 1


def _sampled(images: torch.Tensor, at: Square, size: int) -> torch.Tensor:
    places = steps(size).to(images)
    x = (places * at.half[:, :1] + at.middle[:, :1])[:, None, :].expand(-1, size, -1)
    y = (places * at.half[:, 1:] + at.middle[:, 1:])[:, :, None].expand(-1, -1, size)
    return functional.grid_sample(images, torch.stack([x, y], 3), align_corners=False)
