"""A classifier without weights: the brighter the image, the more suspicious."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FakeCriteria:
    modalities: tuple[str, ...] = ("US",)
    body_parts: tuple[str, ...] = ("BREAST",)


@dataclass(frozen=True)
class FakeOperatingPoint:
    threshold: float = 0.5


@dataclass(frozen=True)
class FakeWeights:
    sha256: str = "ab" * 32


@dataclass(frozen=True)
class FakeManifest:
    name: str = "us-mass"
    version: str = "0.0.1"
    title: str = "Fake classifier"
    criteria: FakeCriteria = field(default_factory=FakeCriteria)
    operating_point: FakeOperatingPoint = field(default_factory=FakeOperatingPoint)
    weights: FakeWeights = field(default_factory=FakeWeights)

    def is_positive(self, probability: float) -> bool:
        return probability >= self.operating_point.threshold

    def suggested_category(self, probability: float) -> str:
        return "4C" if self.is_positive(probability) else "4A"


@dataclass(frozen=True)
class FakeScore:
    probability: float
    heatmap: NDArray[np.float32]


class FakeClassifier:
    """Counts the images it was given in `seen`."""

    def __init__(self) -> None:
        self.manifest = FakeManifest()
        self.seen = 0

    def classify(self, images: Sequence[NDArray[np.uint8]]) -> list[FakeScore]:
        self.seen += len(images)
        return [FakeScore(float(image.mean()) / 255, np.float32(1 / 255) * image) for image in images]
