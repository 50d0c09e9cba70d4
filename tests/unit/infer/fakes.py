"""Fakes of a classifier that only the tests of the analysis need."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.fakes.classifier import FakeClassifier, FakeScore


class RecordingClassifier(FakeClassifier):
    """Remembers the batches it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[NDArray[np.uint8]]] = []

    def classify(self, images: Sequence[NDArray[np.uint8]]) -> list[FakeScore]:
        self.batches.append(list(images))
        return super().classify(images)


class FlatClassifier(FakeClassifier):
    """Sees the same everywhere."""

    def classify(self, images: Sequence[NDArray[np.uint8]]) -> list[FakeScore]:
        return [FakeScore(0.5, np.full(image.shape, 0.5, dtype=np.float32)) for image in images]


class NoNumberClassifier(FakeClassifier):
    """Is broken."""

    def classify(self, images: Sequence[NDArray[np.uint8]]) -> list[FakeScore]:
        return [FakeScore(float("nan"), np.zeros(image.shape, dtype=np.float32)) for image in images]
