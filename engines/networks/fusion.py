"""Ultrasound and chest CT of one patient, judged together: two ResNet-50 with CBAM and one head."""

from typing import Any

import torch
from torch import nn

from engines.networks.network import MeanHead, Normalize
from engines.networks.resnet import CHANNELS, resnet50_cbam
from engines.spec import EMBEDDING, HEATMAP, HEATMAP_CT, IMAGES, IMAGES_CT, LOGITS


class FusionNetwork(nn.Module):  # type: ignore[misc]
    """Ultrasound and CT, both gray float32 (n, 1, size, size) in 0..1, to logits (n, 2).

    Row i of both is the same patient. Each goes through features of its own; their means are concatenated
    before the linear layer, so each has a heatmap of what it adds.
    """

    inputs = (IMAGES, IMAGES_CT)
    outputs = (LOGITS, HEATMAP, HEATMAP_CT, EMBEDDING)

    def __init__(self, ultrasound: nn.Module, ct: nn.Module, head: MeanHead) -> None:
        super().__init__()
        self.normalize = Normalize()
        self.ultrasound = ultrasound
        self.ct = ct
        self.head = head

    def maps_of_each(self, *images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The last maps of ultrasound and of CT, each (n, channels, h, w)."""
        branches = (self.ultrasound, self.ct)
        return tuple(branch(self.normalize(one)) for branch, one in zip(branches, images, strict=True))

    def forward(self, images: torch.Tensor, images_ct: torch.Tensor) -> torch.Tensor:
        """Logits (n, 2)."""
        return self.head(*self.maps_of_each(images, images_ct))

    def load(self, state: dict[str, Any]) -> None:
        """Load a state dict of this very network; strict."""
        self.load_state_dict(state, strict=True)


def fusion_resnet50_cbam(weights: str | None, dropout: float = 0.0) -> FusionNetwork:
    """Build the network; `weights` are those of a plain ResNet-50, for both inputs. None for random ones.

    224 px give maps of 7 x 7; the embedding has 4096 values, the ultrasound's first.
    """
    ultrasound, ct = (resnet50_cbam(weights).features for _ in range(2))
    return FusionNetwork(ultrasound, ct, MeanHead(2 * CHANNELS, dropout))
