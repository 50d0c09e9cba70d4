"""Moving average of a network's weights: what is validated and shipped (Polyak averaging)."""

import copy

import torch

from engines.networks.network import ImageNetwork


class Average:
    """`network` holds the average; batch norm statistics are averaged too."""

    def __init__(self, network: ImageNetwork, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._decay = decay
        self._steps = 0

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def update(self, network: ImageNetwork) -> None:
        """Take one step's weights in. Early steps weigh more, so that the start is soon forgotten."""
        self._steps += 1
        decay = min(self._decay, self._steps / (self._steps + 9))
        for mean, value in zip(self._tensors(self.network), self._tensors(network), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)

    @staticmethod
    def _tensors(network: ImageNetwork) -> list[torch.Tensor]:
        return list(network.state_dict().values())

    def state(self) -> dict[str, object]:
        """What `load` needs to go on."""
        return {"network": self.network.state_dict(), "steps": self._steps}

    def load(self, state: dict[str, object]) -> None:
        """Go on from `state`."""
        self.network.load(state["network"])
        self._steps = int(state["steps"])  # type: ignore[call-overload]
