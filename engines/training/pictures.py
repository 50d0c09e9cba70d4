"""A whole data set as tensors on the device that trains: a few thousand images fit everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from engines.data.examples import Example, read_pixels
from engines.preprocess import prepare


@dataclass(frozen=True, slots=True)
class Pictures:
    """`gray` and `lesion` uint8 (n, 1, size, size), `lesion` 0 or 1; `label` int64 (n,): 0, 1 or UNKNOWN;
    `birads` int64 (n,): 2 to 5 or UNKNOWN.
    """

    gray: torch.Tensor
    lesion: torch.Tensor
    label: torch.Tensor
    birads: torch.Tensor

    def __len__(self) -> int:
        """How many."""
        return int(self.label.shape[0])

    def of(self, chosen: Sequence[int] | torch.Tensor) -> "Pictures":
        """Those at these places."""
        at = torch.as_tensor(chosen, device=self.label.device)
        return Pictures(self.gray[at], self.lesion[at], self.label[at], self.birads[at])

    def to(self, device: str) -> "Pictures":
        """The same on another device."""
        return Pictures(*(one.to(device) for one in (self.gray, self.lesion, self.label, self.birads)))


def read_pictures(examples: Sequence[Example], size: int) -> Pictures:
    """Read all, as the service would prepare them. Raises DataError."""
    squares = zip(*(_square(example, size) for example in examples), strict=True)
    gray, lesion = (torch.from_numpy(np.stack(one)[:, None]) for one in squares)
    label = torch.tensor([example.label for example in examples])
    return Pictures(gray, lesion, label, torch.tensor([example.birads for example in examples]))


def _square(example: Example, size: int) -> tuple[np.ndarray, np.ndarray]:
    pixels = read_pixels(example)
    gray = prepare(pixels.gray, size).tensor[0]
    mask = prepare(pixels.mask.astype(np.uint8) * 255, size).tensor[0]
    return np.rint(gray * 255).astype(np.uint8), (mask >= 0.5).astype(np.uint8)  # noqa: PLR2004
