"""Asks a classifier's guard about an image."""

import numpy as np
from numpy.typing import NDArray

from engines.errors import UnfamiliarInput
from engines.guard import read_familiar
from engines.manifest import Manifest
from engines.texture import texture


class Guard:
    """The guard of a classifier; one without a guard lets everything pass. Raises WeightsError."""

    def __init__(self, manifest: Manifest) -> None:
        self._name = manifest.name
        self._limit = manifest.guard.limit if manifest.guard else float("inf")
        self._familiar = read_familiar(manifest.checked_guard()) if manifest.guard else None

    def strangeness(self, gray: NDArray[np.uint8]) -> float:
        """How unlike the familiar images this one, uint8 (rows, columns), is; 0 where nobody asks."""
        return 0.0 if self._familiar is None else float(self._familiar.strangeness(texture(gray)[None])[0])

    def check(self, gray: NDArray[np.uint8]) -> None:
        """Raises UnfamiliarInput for an image that the classifier was not made for."""
        strange = self.strangeness(gray)
        if strange > self._limit:
            raise UnfamiliarInput(
                f"the image is unlike those that {self._name} was made from (strangeness {strange:.2f}, at "
                f"most {self._limit:.2f} is taken)"
            )
