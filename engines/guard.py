"""Refuses images that are unlike everything a classifier was made from, by the network's own embedding.

The classifier would give them a number all the same. How strange an embedding is: its distance from the mean
of the familiar ones, in their own standard deviations along the directions in which they differ, and against
what they have left across these (probabilistic principal components, Tipping 1999).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.errors import WeightsError

FILE = "guard.npz"
_DIRECTIONS = 32
"""Along which embeddings of one kind of image differ most."""
_SMALLEST = 1e-6

Embeddings = NDArray[np.float32]
"""(n, d)."""


@dataclass(frozen=True, slots=True, eq=False)
class Familiar:
    """What embeddings of familiar images look like: `mean` (d,), `directions` (k, d), `deviations` (k,) along
    these, and `rest`, the standard deviation of the distance from them.
    """

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]
    deviations: NDArray[np.float32]
    rest: float

    def strangeness(self, embeddings: Embeddings) -> NDArray[np.float64]:
        """(n,): about 1 for a familiar image, without a bound for others, infinite where one is no number."""
        away = (embeddings - self.mean).astype(np.float64)
        along = away @ self.directions.T.astype(np.float64)
        across = np.maximum((away**2).sum(1) - (along**2).sum(1), 0)
        inside = ((along / self.deviations) ** 2).mean(1)
        strange = np.sqrt((inside + across / self.rest**2) / 2)
        return np.where(np.isfinite(strange), strange, np.inf)

    def write(self, path: Path) -> None:
        """Write the file that `read_familiar` reads."""
        np.savez_compressed(
            path, mean=self.mean, directions=self.directions, deviations=self.deviations, rest=self.rest
        )


def fit_familiar(embeddings: Embeddings) -> Familiar:
    """From embeddings of familiar images, at least three."""
    mean = embeddings.mean(0)
    away = (embeddings - mean).astype(np.float64)
    _, lengths, directions = np.linalg.svd(away, full_matrices=False)
    count = max(
        1, min(_DIRECTIONS, len(embeddings) - 2, embeddings.shape[1] // 2)
    )  # something is left across
    deviations = np.maximum(lengths[:count] / np.sqrt(len(embeddings) - 1), _SMALLEST)
    across = (lengths[count:] ** 2).sum() / len(embeddings)
    return Familiar(
        mean.astype(np.float32),
        directions[:count].astype(np.float32),
        deviations.astype(np.float32),
        max(float(np.sqrt(across)), _SMALLEST),
    )


def read_familiar(path: Path) -> Familiar:
    """Read what `Familiar.write` wrote. Raises WeightsError."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            return Familiar(kept["mean"], kept["directions"], kept["deviations"], float(kept["rest"]))
    except (OSError, ValueError, KeyError) as reason:
        raise WeightsError(f"{path} is no guard ({reason}): restore the file, or train anew") from reason
