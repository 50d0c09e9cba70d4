"""Fakes of a classifier that only the tests of the analysis need."""

import numpy as np
from numpy.typing import NDArray

from service.errors import EngineLost, NotAnalysable
from tests.fakes.classifier import FakeClassifier, FakePending, FakeScore


class RecordingClassifier(FakeClassifier):
    """Remembers the images it was given, and which were urgent."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[NDArray[np.uint8]] = []
        self.urgent: list[bool] = []

    def submit(
        self, image: NDArray[np.uint8], urgent: bool = False, companion: NDArray[np.uint8] | None = None
    ) -> FakePending:
        self.images.append(image)
        self.urgent.append(urgent)
        return super().submit(image, urgent, companion)


class FlatClassifier(FakeClassifier):
    """Sees the same everywhere."""

    def score(self, image: NDArray[np.uint8]) -> FakeScore:
        return FakeScore(0.5, np.full(image.shape, 0.5, dtype=np.float32))


class NoNumberClassifier(FakeClassifier):
    """Is broken."""

    def score(self, image: NDArray[np.uint8]) -> FakeScore:
        return FakeScore(float("nan"), np.zeros(image.shape, dtype=np.float32))


class ChokingClassifier(FakeClassifier):
    """Cannot run bright images."""

    def score(self, image: NDArray[np.uint8]) -> FakeScore:
        if image.mean() > 127:
            raise NotAnalysable("us-mass cannot run this image")
        return super().score(image)


class LostClassifier(FakeClassifier):
    """Its GPU has failed."""

    def score(self, image: NDArray[np.uint8]) -> FakeScore:
        raise EngineLost("the GPU has failed")
