"""The head of VGG and AlexNet: every place has weights of its own."""

import torch
from torch import nn

from engines.errors import RecipeError


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
