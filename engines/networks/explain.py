"""Grad-CAM (Selvaraju 2017) as part of the network, so that one pass gives logits and heatmaps."""

import torch
from torch import nn

from engines.networks.network import Network, mean_over_space


class Explained(nn.Module):  # type: ignore[misc]
    """Each input's images (n, 1, ...) to logits (n, 2), each input's heatmap (n, ...), embedding (n, d).

    A heatmap is evidence for malignant over benign, 0 or more, in logit units of the maps' grid: (n, h, w),
    for volumes (n, d, h, w). The embedding is the maps' mean over space, of several inputs side by side.
    `inputs` and `outputs` are their names, in order.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.explanation: nn.Module = Explanation(network.head)
        self.inputs = network.inputs
        self.outputs = network.outputs

    def forward(self, *images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """One pass; the gradient reaches back to the maps only."""
        answers: tuple[torch.Tensor, ...] = self.explanation(*self.network.maps_of_each(*images))
        return answers

    def with_explanation(self, explanation: nn.Module) -> "Explained":
        """The same, with another form of what follows the maps."""
        other = Explained(self.network)
        other.explanation = explanation
        return other


class Explanation(nn.Module):  # type: ignore[misc]
    """Each input's maps (n, channels, ...) to logits, heatmaps and embedding."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, *every_map: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The gradient of malignant minus benign by the maps, beside the head's own answer.

        A head that adds up what it sees knows itself what each place adds.
        """
        if hasattr(self.head, "explained"):
            known: tuple[torch.Tensor, ...] = self.head.explained(*every_map)
            return known

        def difference(every_map: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, torch.Tensor]:
            logits = self.head(*every_map)
            # A product, not logits[:, 1] - logits[:, 0]: the gradient of indexing is a scatter.
            return (logits * logits.new_tensor((-1.0, 1.0))).sum(), logits

        gradients, logits = torch.func.grad(difference, has_aux=True)(every_map)
        heatmaps = (grad_cam(*pair) for pair in zip(every_map, gradients, strict=True))
        return logits, *heatmaps, torch.cat([mean_over_space(maps) for maps in every_map], dim=1)


def grad_cam(maps: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Maps and gradient (n, channels, ...) to the heatmap (n, ...)."""
    space = tuple(range(2, maps.dim()))
    return torch.relu((gradient.mean(space, keepdim=True) * maps).sum(1))
