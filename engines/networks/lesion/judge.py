"""Judges a view of a lesion."""

import torch
from torch import nn

from engines.networks.network import Normalize, mean_over_space


class Judge(nn.Module):  # type: ignore[misc]
    """Gray views float32 (n, 1, size, size) in 0..1 to maps (n, channels, size / 32, size / 32), and their
    means to logits. `birads` learns the radiologists' category beside it; only training uses it.
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

    def forward(self, views: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (n, 2), benign then malignant; and (n, 3), whether the category is above 2, 3 and 4."""
        means = self.dropout(mean_over_space(self.maps(views)))
        return self.linear(means), self.birads(means)
