"""Bootstrap over patients: images of one patient are not independent."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000


def resampled(
    patients: Sequence[str], resamples: int = RESAMPLES, seed: int = 0
) -> Iterator[NDArray[np.int64]]:
    """Indices of the images of as many patients, drawn with replacement."""
    rng = np.random.default_rng(seed)
    members = _indices_by(patients)
    for _ in range(resamples):
        yield np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])


def _indices_by(patients: Sequence[str]) -> list[NDArray[np.int64]]:
    names = np.array(patients)
    return [np.flatnonzero(names == name).astype(np.int64) for name in sorted(set(patients))]
