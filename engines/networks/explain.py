"""Grad-CAM (Selvaraju 2017) as part of the network, so that one pass gives logits and heatmap."""

import torch
from torch import nn

from engines.networks.network import ClassifierNetwork


class Explained(nn.Module):  # type: ignore[misc]
    """Images (n, 1, size, size) to logits (n, 2), heatmap (n, h, w), embedding (n, d).

    The heatmap is evidence for malignant over benign, 0 or more, in logit units of the maps' grid.
    The embedding is the maps' mean over space.
    """

    def __init__(self, network: ClassifierNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """One pass; the gradient reaches back to the maps only."""
        maps = self.network.maps(images)

        def difference(maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            logits = self.network.head(maps)
            # A product, not logits[:, 1] - logits[:, 0]: the gradient of indexing is a scatter.
            return (logits * logits.new_tensor((-1.0, 1.0))).sum(), logits

        gradient, logits = torch.func.grad(difference, has_aux=True)(maps)
        weights = gradient.mean((2, 3), keepdim=True)
        return logits, torch.relu((weights * maps).sum(1)), maps.mean((2, 3))
