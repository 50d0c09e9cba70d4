"""Refuses images that are unlike everything a classifier was made from, by their texture.

The classifier would give them a number all the same. How strange a texture is: its distance from the mean
of the familiar ones, in their own standard deviations along the directions in which they differ, and against
what they have left across these (probabilistic principal components, Tipping 1999).
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.errors import WeightsError
from engines.texture import Textures

FILE = "guard.npz"
_DIRECTIONS = 32
"""Along which textures of one kind of image differ most."""
_SMALLEST = 1e-3
"""Of a standard deviation: what never varies in the familiar images says little by varying a bit."""


@dataclass(frozen=True, slots=True, eq=False)
class Familiar:
    """What textures of familiar images are like: `mean` (d,), and `scale` (d,), which values are divided by;
    then `directions` (k, d), `deviations` (k,) along these, and `rest`, the standard deviation of the
    distance from them.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    directions: NDArray[np.float32]
    deviations: NDArray[np.float32]
    rest: float

    def strangeness(self, textures: Textures) -> NDArray[np.float64]:
        """(n,): about 1 for a familiar image, without a bound for others, infinite where one is no number."""
        away = ((textures - self.mean) / self.scale).astype(np.float64)
        along = away @ self.directions.T.astype(np.float64)
        across = np.maximum((away**2).sum(1) - (along**2).sum(1), 0)
        inside = ((along / self.deviations) ** 2).mean(1)
        strange = np.sqrt((inside + across / self.rest**2) / 2)
        return np.where(np.isfinite(strange), strange, np.inf)

    def write(self, path: Path) -> None:
        """Write the file that `read_familiar` reads."""
        np.savez_compressed(path, **asdict(self))


def fit_familiar(textures: Textures) -> Familiar:
    """From textures of familiar images, at least three."""
    mean, scale = textures.mean(0), np.maximum(textures.std(0), _SMALLEST)
    away = ((textures - mean) / scale).astype(np.float64)
    _, lengths, directions = np.linalg.svd(away, full_matrices=False)
    count = max(1, min(_DIRECTIONS, len(textures) - 2, textures.shape[1] // 2))  # something is left across
    deviations = np.maximum(lengths[:count] / np.sqrt(len(textures) - 1), _SMALLEST)
    across = (lengths[count:] ** 2).sum() / len(textures)
    return Familiar(
        mean.astype(np.float32),
        scale.astype(np.float32),
        directions[:count].astype(np.float32),
        deviations.astype(np.float32),
        max(float(np.sqrt(across)), _SMALLEST),
    )


def read_familiar(path: Path) -> Familiar:
    """Read what `Familiar.write` wrote. Raises WeightsError."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in ("mean", "scale", "directions", "deviations")}
            return Familiar(**arrays, rest=float(kept["rest"]))
    except (OSError, ValueError, KeyError) as reason:
        raise WeightsError(f"{path} is no guard ({reason}): restore the file, or train anew") from reason
