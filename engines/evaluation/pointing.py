"""Do heatmaps point at lesions? Measured against masks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pointing:
    """One heatmap. `hit`: its maximum lies in the mask (pointing game, Zhang 2018). `inside`: share of its
    sum in the mask (energy-based pointing game, Wang 2020). `area`: the mask's share of the image, which is
    what `hit` and `inside` would be on average for a map that knows nothing.
    """

    hit: bool
    inside: float
    area: float


def point(heatmap: NDArray[np.float32], mask: NDArray[np.bool_]) -> Pointing | None:
    """Compare a heatmap with a mask of the same shape; None where heatmap or mask is empty."""
    total = float(heatmap.sum(dtype=np.float64))
    if total <= 0 or not mask.any():
        return None
    peak = np.unravel_index(int(heatmap.argmax()), heatmap.shape)
    inside = float(heatmap[mask].sum(dtype=np.float64)) / total
    return Pointing(bool(mask[peak]), inside, float(mask.mean()))


def means(pointings: Sequence[Pointing]) -> tuple[float, float, float]:
    """Mean hit, inside and area. Raises ValueError for none."""
    if not pointings:
        raise ValueError("no heatmap to compare with a mask")
    table = np.array([(p.hit, p.inside, p.area) for p in pointings], dtype=np.float64)
    hit, inside, area = table.mean(axis=0)
    return float(hit), float(inside), float(area)
