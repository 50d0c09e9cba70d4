"""The form every network takes here: gray in, maps that can be explained, a head that gives logits."""

from abc import ABC, abstractmethod
from typing import Any, Protocol

import torch
from torch import nn

from engines.spec import EMBEDDING, HEATMAP, IMAGES, LOGITS

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


class Normalize(nn.Module):  # type: ignore[misc]
    """Gray (n, 1, h, w) in 0..1 to the three channels that ImageNet weights expect; inside the graph."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(_IMAGENET_STD).view(1, 3, 1, 1))

    def forward(self, gray: torch.Tensor) -> torch.Tensor:
        """Broadcast to (n, 3, h, w)."""
        return (gray - self.mean) / self.std


def mean_over_space(maps: torch.Tensor) -> torch.Tensor:
    """Maps (n, channels, h, w) or (n, channels, d, h, w) to (n, channels).

    A plain mean: adaptive pooling's gradient has no ONNX form.
    """
    return maps.mean(tuple(range(2, maps.dim())))


class MeanHead(nn.Module):  # type: ignore[misc]
    """Mean over space, of several inputs' maps side by side, then a linear layer.

    `channels`: those of all maps together.
    """

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(channels, 2)

    def forward(self, *maps: torch.Tensor) -> torch.Tensor:
        """Each input's maps (n, channels, ...) to logits (n, 2), benign then malignant."""
        return self.linear(self.dropout(torch.cat([mean_over_space(one) for one in maps], dim=1)))

    def evidence(self, maps: torch.Tensor) -> torch.Tensor:
        """What each place of a single input adds to malignant minus benign, (n, ...): its mean is the logit
        difference less the bias. Positive values are the heatmap (CAM, Zhou 2016).
        """
        difference = self.linear.weight[1] - self.linear.weight[0]
        return torch.einsum("nc...,c->n...", maps, difference)


class Network(Protocol):
    """What can be explained and exported: named inputs, each with maps, and a head over all of them."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    """What the head's `explained` gives; without one: logits, each input's heatmap, embedding."""
    head: Any

    def maps_of_each(self, *images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What the head takes: the last maps before it, (n, channels, ...) for each input in order."""
        ...


class ImageNetwork(nn.Module, ABC):  # type: ignore[misc]
    """Each input's gray images float32 (n, 1, ...) in 0..1 to logits (n, 2): what recipes train."""

    inputs: tuple[str, ...] = (IMAGES,)
    outputs: tuple[str, ...] = (LOGITS, HEATMAP, EMBEDDING)
    head: Any

    @abstractmethod
    def maps_of_each(self, *images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What the head takes."""

    @abstractmethod
    def part(self, learns: str) -> Any:
        """What learns in a stage that teaches `learns`; its `blocks` are what `freeze` counts."""

    def forward(self, *images: torch.Tensor) -> torch.Tensor:
        """Logits (n, 2)."""
        return self.head(*self.maps_of_each(*images))

    def load(self, state: dict[str, Any]) -> None:
        """Load a state dict of this very network; strict."""
        self.load_state_dict(state, strict=True)


class ClassifierNetwork(ImageNetwork):
    """Gray images float32 (n, 1, size, size) in 0..1 to logits (n, 2).

    Volumes (n, 1, d, h, w) with features that take them; `normalize` is then theirs, by default ImageNet's.
    """

    def __init__(self, features: nn.Module, head: nn.Module, normalize: nn.Module | None = None) -> None:
        super().__init__()
        self.normalize = normalize or Normalize()
        self.features = features
        self.head = head

    def blocks(self) -> list[nn.Module]:
        """The features' blocks, as an image passes them: what a recipe's `freeze` counts."""
        return list(self.features.children())

    def maps(self, images: torch.Tensor) -> torch.Tensor:
        """The last maps before the head, (n, channels, h, w)."""
        return self.features(self.normalize(images))

    def part(self, learns: str) -> "ClassifierNetwork":
        """All of it."""
        return self

    def maps_of_each(self, *images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The maps of the one input."""
        return tuple(self.maps(one) for one in images)
