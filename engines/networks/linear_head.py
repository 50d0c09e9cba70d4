"""VGG-16 (Simonyan 2015) and AlexNet (Krizhevsky 2014), torchvision's, split at their last maps.

Their head gives every place weights of its own: they take 224 px only.
"""

from typing import Any

import torch
from torch import nn

from engines.errors import RecipeError
from engines.networks.backbone import load_backbone
from engines.networks.network import ClassifierNetwork
from engines.networks.torchvision_ops import define_missing_operators


class LinearHead(nn.Module):  # type: ignore[misc]
    """Flattened maps through the given layers, the last of which is replaced by one for two classes.

    torchvision pools to the size that the layers expect. At the networks' own input size this changes
    nothing, and its gradient has no ONNX form: it is left out, and another size is refused.
    """

    def __init__(self, layers: nn.Sequential, maps: tuple[int, int, int]) -> None:
        super().__init__()
        *kept, last = layers
        self.layers = nn.Sequential(*kept, nn.Linear(last.in_features, 2))
        self.shape = maps

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (n, *shape) to logits (n, 2), benign then malignant. Raises RecipeError for another shape."""
        if tuple(maps.shape[1:]) != self.shape:
            raise RecipeError(
                f"maps of shape {tuple(maps.shape[1:])} where {self.shape} is expected; "
                "train and export this architecture with images of 224 pixels"
            )
        return self.layers(maps.flatten(1))

    def evidence(self, maps: torch.Tensor) -> torch.Tensor:
        """Not to be had: the layers mix all places. Raises RecipeError."""
        raise RecipeError(
            f"maps of shape {tuple(maps.shape[1:])} go through layers that mix all places, so no place has "
            "evidence of its own; set the recipe's loss.outside to 0 or choose another architecture"
        )


def vgg16(weights: str | None, dropout: float = 0.5) -> ClassifierNetwork:
    """Build the network; `weights` as in `weights.read_state`, None for random ones.

    224 px give maps of 7 x 7; the embedding has 512 values.
    """
    define_missing_operators()
    from torchvision.models import vgg16 as build

    return _split(build(weights=None, dropout=dropout), weights, maps=(512, 7, 7))


def alexnet(weights: str | None, dropout: float = 0.5) -> ClassifierNetwork:
    """Build the network; `weights` as in `weights.read_state`, None for random ones.

    224 px give maps of 6 x 6; the embedding has 256 values.
    """
    define_missing_operators()
    from torchvision.models import alexnet as build

    return _split(build(weights=None, dropout=dropout), weights, maps=(256, 6, 6))


def _split(backbone: Any, weights: str | None, maps: tuple[int, int, int]) -> ClassifierNetwork:
    load_backbone(backbone, weights, without=("classifier.6.",))
    return ClassifierNetwork(backbone.features, LinearHead(backbone.classifier, maps))
