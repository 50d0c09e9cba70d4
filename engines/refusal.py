"""Asks a classifier's guard about an image."""

from engines.classifier import Score
from engines.errors import UnfamiliarInput
from engines.guard import read_familiar
from engines.manifest import Manifest


class Guard:
    """The guard of a classifier; one without a guard lets everything pass. Raises WeightsError."""

    def __init__(self, manifest: Manifest) -> None:
        self._name = manifest.name
        self._limit = manifest.guard.limit if manifest.guard else float("inf")
        self._familiar = read_familiar(manifest.checked_guard()) if manifest.guard else None

    def strangeness(self, score: Score) -> float:
        """How unlike the familiar images this one is; 0 where nobody asks."""
        return 0.0 if self._familiar is None else float(self._familiar.strangeness(score.embedding[None])[0])

    def check(self, score: Score) -> None:
        """Raises UnfamiliarInput for an image that the classifier was not made for."""
        strange = self.strangeness(score)
        if strange > self._limit:
            raise UnfamiliarInput(
                f"the image is unlike those that {self._name} was made from (strangeness {strange:.1f}, at "
                f"most {self._limit:.1f} is taken)"
            )
