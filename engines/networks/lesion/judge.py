"""Judges a view of a lesion."""

import torch
from torch import nn
from torch.nn import functional

from engines.networks.network import Normalize

_ELSEWHERE = 0.02
"""What a place off the lesion counts against one on it. Without a lesion all places count alike."""


class Judge(nn.Module):  # type: ignore[misc]
    """Gray views float32 (n, 1, size, size) in 0..1 to maps (n, channels, size / 32, size / 32), and their
    mean over the lesion to logits: what lies beside it is seen, but speaks through the lesion's own places.

    `birads` learns the radiologists' category beside it; only training uses it.
    """

    def __init__(self, features: nn.Module, channels: int, dropout: float) -> None:
        super().__init__()
        self.normalize = Normalize()
        self.features = features
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(channels, 2)
        self.birads = nn.Linear(channels, 3)

    def blocks(self) -> list[nn.Module]:
        """Those of the features."""
        return list(self.features.children())

    def maps(self, views: torch.Tensor) -> torch.Tensor:
        """The last maps."""
        return self.features(self.normalize(views))

    def forward(self, views: torch.Tensor, lesion: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (n, 2), benign then malignant; and (n, 3), whether the category is above 2, 3 and 4.

        `lesion` (n, 1, size, size): where it is in each view, 0..1.
        """
        maps = self.maps(views)
        means = self.dropout((maps * shares_of(lesion, maps.shape[-1])).sum((2, 3)))
        return self.linear(means), self.birads(means)


def shares_of(lesion: torch.Tensor, size: int) -> torch.Tensor:
    """How much each place of the maps counts, (n, 1, size, size); together 1."""
    counts = functional.avg_pool2d(lesion, lesion.shape[-1] // size) + _ELSEWHERE
    return counts / counts.sum((2, 3), keepdim=True)
