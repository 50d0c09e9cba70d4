"""CBAM, the convolutional block attention module (Woo 2018): which channels, then which places."""

from typing import Any

import torch
from torch import nn

_REDUCTION = 16
_KERNEL = 7


class ChannelAttention(nn.Module):  # type: ignore[misc]
    """Scales each channel by 0..1, judged from its mean and its maximum over space by one shared MLP."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(channels, channels // _REDUCTION),
            nn.ReLU(),
            nn.Linear(channels // _REDUCTION, channels),
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (n, channels, h, w) to the same shape."""
        scale = torch.sigmoid(self.mlp(maps.mean((2, 3))) + self.mlp(maps.amax((2, 3))))
        return maps * scale[:, :, None, None]


class SpatialAttention(nn.Module):  # type: ignore[misc]
    """Scales each place by 0..1, judged from the mean and the maximum over channels around it."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 1, _KERNEL, padding=_KERNEL // 2, bias=False)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (n, channels, h, w) to the same shape."""
        summary = torch.cat((maps.mean(1, keepdim=True), maps.amax(1, keepdim=True)), dim=1)
        return maps * torch.sigmoid(self.convolution(summary))


def add_cbam(backbone: Any) -> None:
    """Put CBAM at the end of each residual branch of a torchvision ResNet of bottlenecks, before the sum."""
    for layer in (backbone.layer1, backbone.layer2, backbone.layer3, backbone.layer4):
        for block in layer:
            channels = block.conv3.out_channels
            block.bn3 = nn.Sequential(block.bn3, ChannelAttention(channels), SpatialAttention())
