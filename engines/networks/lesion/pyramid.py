"""Pretrained backbones cut where their maps halve: a quarter of the image's side to a thirty-second."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from engines.networks.mobilenet_v2 import mobilenet_v2_features


class Pyramid(nn.Module):  # type: ignore[misc]
    """Images (n, 3, h, w) to four maps, finest first. `channels`: of each, in the same order."""

    def __init__(self, parts: Sequence[nn.Module], channels: Sequence[int]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.channels = tuple(channels)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Each part works on what the one before it gave."""
        maps = []
        for part in self.parts:
            images = part(images)
            maps.append(images)
        return maps


def mobilenet_v2(weights: str | None) -> Pyramid:
    """MobileNetV2 (Sandler 2018), torchvision's, without its last convolution."""
    features = mobilenet_v2_features(weights)
    cuts = (0, 4, 7, 14, 18)
    parts = [features[start:end] for start, end in pairwise(cuts)]
    return Pyramid(parts, (24, 32, 96, 320))
