"""DenseNet (Huang 2017) for volumes such as breast MRI: the same blocks with 3-D convolutions.

Volumes are not normalised: there are no ImageNet weights to match, batch norm follows the first convolution,
and the convolutions' padding with 0 goes on with the black air around the breast.
"""

import torch
from torch import nn

from engines.networks.network import ClassifierNetwork, MeanHead
from engines.networks.weights import load_features

_BOTTLENECK = 4


class DenseLayer(nn.Module):  # type: ignore[misc]
    """Adds `growth` channels, computed from all that are there."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_normed_relu(channels),
            nn.Conv3d(channels, _BOTTLENECK * growth, 1, bias=False),
            *_normed_relu(_BOTTLENECK * growth),
            nn.Conv3d(_BOTTLENECK * growth, growth, 3, padding=1, bias=False),
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (n, channels, d, h, w) to (n, channels + growth, d, h, w)."""
        return torch.cat((maps, self.layers(maps)), dim=1)


def densenet121_3d(
    weights: str | None,
    dropout: float = 0.0,
    growth: int = 32,
    blocks: tuple[int, ...] = (6, 12, 24, 16),
) -> ClassifierNetwork:
    """Build the network for volumes float32 (n, 1, d, h, w) in 0..1; `growth` and `blocks` make it smaller.

    Maps and heatmap have a 32nd of each length, the embedding has 1024 values. `weights` as in
    `weights.read_state`, of these features in their order; None for random ones.
    """
    channels = 2 * growth
    layers = _stem(channels)
    for index, depth in enumerate(blocks):
        if index:
            layers += _transition(channels)
            channels //= 2
        layers += [DenseLayer(channels + done * growth, growth) for done in range(depth)]
        channels += depth * growth
    features = nn.Sequential(*layers, *_normed_relu(channels))
    if weights is not None:
        load_features(features, weights)
    return ClassifierNetwork(features, MeanHead(channels, dropout), normalize=nn.Identity())


def _stem(channels: int) -> list[nn.Module]:
    convolution = nn.Conv3d(1, channels, 7, stride=2, padding=3, bias=False)
    return [convolution, *_normed_relu(channels), nn.MaxPool3d(3, stride=2, padding=1)]


def _transition(channels: int) -> list[nn.Module]:
    """Half the channels, half of each length."""
    return [*_normed_relu(channels), nn.Conv3d(channels, channels // 2, 1, bias=False), nn.AvgPool3d(2)]


def _normed_relu(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm3d(channels), nn.ReLU()]
