"""Random numbers of one batch."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Dice:
    """Numbers for `count` images. `generator` decides them all."""

    count: int
    generator: torch.Generator

    def uniform(self, low: float, high: float, *shape: int) -> torch.Tensor:
        """(count, *shape), each number on its own."""
        drawn = torch.rand(self.count, *shape, generator=self.generator, device=self.generator.device)
        return low + (high - low) * drawn

    def normal(self, *shape: int) -> torch.Tensor:
        """Standard normal (count, *shape)."""
        return torch.randn(self.count, *shape, generator=self.generator, device=self.generator.device)

    def happens(self, probability: float) -> torch.Tensor:
        """Bool (count, 1, 1, 1)."""
        return self.uniform(0, 1, 1, 1, 1) < probability
