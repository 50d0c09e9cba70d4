"""Ultrasound and chest CT of one patient, judged together: two ResNet-50 with CBAM and one head."""

import torch
from torch import nn

from engines.networks.network import ImageNetwork, MeanHead, Normalize
from engines.networks.resnet import CHANNELS, resnet50_cbam
from engines.spec import EMBEDDING, HEATMAP, HEATMAP_CT, IMAGES, IMAGES_CT, LOGITS


class FusionNetwork(ImageNetwork):
    """Ultrasound and CT, both gray float32 (n, 1, size, size) in 0..1, to logits (n, 2).

    Row i of both is the same patient. Each goes through features of its own; their means are concatenated
    before the linear layer, so each has a heatmap of what it adds.
    """

    inputs = (IMAGES, IMAGES_CT)
    outputs = (LOGITS, HEATMAP, HEATMAP_CT, EMBEDDING)

    def __init__(self, ultrasound: nn.Sequential, ct: nn.Sequential, head: MeanHead) -> None:
        super().__init__()
        self.normalize = Normalize()
        self.features = nn.ModuleDict({"ultrasound": ultrasound, "ct": ct})
        self.head = head

    def part(self, learns: str) -> "FusionNetwork":
        """All of it."""
        return self

    def blocks(self) -> list[nn.Module]:
        """One of the ultrasound's features and one of the CT's at a time, as images pass them."""
        return [nn.ModuleList(both) for both in zip(*self._branches(), strict=True)]

    def maps_of_each(self, *images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The last maps of ultrasound and of CT, each (n, channels, h, w)."""
        return tuple(
            branch(self.normalize(one)) for branch, one in zip(self._branches(), images, strict=True)
        )

    def _branches(self) -> tuple[nn.Sequential, ...]:
        return tuple(self.features.values())


def fusion_resnet50_cbam(weights: str | None, dropout: float = 0.0) -> FusionNetwork:
    """Build the network; `weights` are those of a plain ResNet-50, for both inputs. None for random ones.

    224 px give maps of 7 x 7; the embedding has 4096 values, the ultrasound's first.
    """
    ultrasound, ct = (resnet50_cbam(weights).features for _ in range(2))
    return FusionNetwork(ultrasound, ct, MeanHead(2 * CHANNELS, dropout))
