"""Where the lesion is: a pyramid, and a decoder that brings it together again (U-Net, Ronneberger 2015)."""

import torch
from torch import nn
from torch.nn import functional

from engines.networks.lesion.pyramid import Pyramid
from engines.networks.network import Normalize

_RARE = -2.0
"""Logit to begin with: about as much of an image is lesion. One that has learnt nothing finds nothing."""


class Finder(nn.Module):  # type: ignore[misc]
    """Gray images float32 (n, 1, size, size) in 0..1 to the lesion's logits (n, 1, size / 4, size / 4).

    `size` is a multiple of 32.
    """

    def __init__(self, pyramid: Pyramid, width: int = 192) -> None:
        super().__init__()
        self.normalize = Normalize()
        self.features = pyramid
        quarter, eighth, sixteenth, last = pyramid.channels
        self.deepest = _block(last, width, 1)
        self.deep = _block(width + sixteenth, width, 3)
        self.finer = _block(width + eighth, width // 2, 3)
        self.finest = _block(width // 2 + quarter, width // 4, 3)
        self.lesion = nn.Conv2d(width // 4, 1, 1)
        nn.init.constant_(self.lesion.bias, _RARE)

    def blocks(self) -> list[nn.Module]:
        """Those of the pyramid's parts."""
        return [block for part in self.features.parts for block in part.children()]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The lesion's logits."""
        quarter, eighth, sixteenth, last = self.features(self.normalize(images))
        deep = self.deep(torch.cat([_twice(self.deepest(last)), sixteenth], 1))
        finer = self.finer(torch.cat([_twice(deep), eighth], 1))
        return self.lesion(self.finest(torch.cat([_twice(finer), quarter], 1)))


def _block(channels: int, width: int, kernel: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(width), nn.ReLU()
    )


def _twice(maps: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(maps, scale_factor=2.0, mode="bilinear", align_corners=False)
