"""GoogLeNet (Szegedy 2015) and Inception-v3 (Szegedy 2016), torchvision's, split at their last maps.

Without auxiliary classifiers. Their published weights expect values around 0.5, not ImageNet's mean.
"""

from typing import Any

import torch
from torch import nn

from engines.networks.backbone import load_backbone
from engines.networks.network import ClassifierNetwork, MeanHead
from engines.networks.torchvision_ops import define_missing_operators


class HalfNormalize(nn.Module):  # type: ignore[misc]
    """From ImageNet's mean and deviation to 0.5 and 0.5 in each channel, inside the graph."""

    def __init__(self) -> None:
        super().__init__()
        mean, std = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))
        self.register_buffer("scale", (std / 0.5).view(1, 3, 1, 1))
        self.register_buffer("shift", ((mean - 0.5) / 0.5).view(1, 3, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (n, 3, h, w) to the same shape."""
        return images * self.scale + self.shift


def googlenet(weights: str | None, dropout: float = 0.2) -> ClassifierNetwork:
    """Build the network; `weights` as in `weights.read_state`, None for random ones.

    224 px give maps of 7 x 7; the embedding has 1024 values.
    """
    define_missing_operators()
    from torchvision.models import googlenet as build

    backbone = build(weights=None, aux_logits=False, init_weights=True)
    load_backbone(backbone, weights, without=("fc.", "aux"))
    return _split(backbone, 1024, dropout)


def inception_v3(weights: str | None, dropout: float = 0.5) -> ClassifierNetwork:
    """Build the network; `weights` as in `weights.read_state`, None for random ones.

    Made for 299 px, which give maps of 8 x 8; the embedding has 2048 values.
    """
    define_missing_operators()
    from torchvision.models import inception_v3 as build

    backbone = build(weights=None, aux_logits=False, init_weights=True)
    load_backbone(backbone, weights, without=("fc.", "AuxLogits."))
    return _split(backbone, 2048, dropout)


def _split(backbone: Any, channels: int, dropout: float) -> ClassifierNetwork:
    pooling_dropout_and_classes = 3
    layers = list(backbone.children())[:-pooling_dropout_and_classes]
    return ClassifierNetwork(nn.Sequential(HalfNormalize(), *layers), MeanHead(channels, dropout))
