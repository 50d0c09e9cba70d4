"""A whole data set as tensors on the device that trains: a few thousand images fit everywhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from engines.data.examples import Example, read_pixels
from engines.errors import DataError
from engines.preprocess import prepare


@dataclass(frozen=True, slots=True)
class Pictures:
    """`gray` and `lesion` uint8 (n, 1, size, size), `lesion` 0 or 1; `label` int64 (n,): 0, 1 or UNKNOWN;
    `birads` int64 (n,): 2 to 5 or UNKNOWN. `companion` as `gray`, where each picture has one.
    """

    gray: torch.Tensor
    lesion: torch.Tensor
    label: torch.Tensor
    birads: torch.Tensor
    companion: torch.Tensor | None = None

    def __len__(self) -> int:
        """How many."""
        return int(self.label.shape[0])

    def of(self, chosen: Sequence[int] | torch.Tensor) -> "Pictures":
        """Those at these places."""
        at = torch.as_tensor(chosen, device=self.label.device)
        return self._each(lambda one: one[at])

    def to(self, device: str) -> "Pictures":
        """The same on another device."""
        return self._each(lambda one: one.to(device))

    def _each(self, change: Callable[[torch.Tensor], torch.Tensor]) -> "Pictures":
        return Pictures(
            change(self.gray),
            change(self.lesion),
            change(self.label),
            change(self.birads),
            None if self.companion is None else change(self.companion),
        )


def read_pictures(examples: Sequence[Example], size: int) -> Pictures:
    """Read all, as the service would prepare them. Raises DataError."""
    with_companion = {example.companion is not None for example in examples}
    if len(with_companion) > 1:
        raise DataError("some images have a companion and some have none: give one to all, or to none")
    squares = zip(*(_squares(example, size) for example in examples), strict=True)
    gray, lesion, *companion = (torch.from_numpy(np.stack(one)[:, None]) for one in squares)
    label = torch.tensor([example.label for example in examples])
    return Pictures(gray, lesion, label, torch.tensor([example.birads for example in examples]), *companion)


def _squares(example: Example, size: int) -> list[NDArray[np.uint8]]:
    """Image, mask (0 or 1), and the companion where there is one."""
    pixels = read_pixels(example)
    mask = _square(pixels.mask.astype(np.uint8) * 255, size) >= 128  # noqa: PLR2004
    companion = [] if pixels.companion is None else [_square(pixels.companion, size)]
    return [_square(pixels.gray, size), mask.astype(np.uint8), *companion]


def _square(gray: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    square: NDArray[np.uint8] = np.rint(prepare(gray, size).tensor[0] * 255).astype(np.uint8)
    return square
