"""A classifier that finds brightness: deterministic, and simple enough to foresee."""

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
    version: str = "1.0.0"
    title: str = "Breast mass on ultrasound"
    criteria: FakeCriteria = FakeCriteria()
    operating_point: FakeOperatingPoint = FakeOperatingPoint()
    weights: FakeWeights = FakeWeights()

    def is_positive(self, probability: float) -> bool:
        return probability >= self.operating_point.threshold

    def suggested_category(self, probability: float) -> str:
        return "4" if self.is_positive(probability) else "2"


@dataclass(frozen=True)
class FakeScore:
    probability: float
    heatmap: NDArray[np.float32]


@dataclass
class BrightnessClassifier:
    """Probability is the mean grey of 255, the heatmap the grey itself. Remembers its batches."""

    manifest: FakeManifest = field(default_factory=FakeManifest)
    batches: list[list[NDArray[np.uint8]]] = field(default_factory=list)

    def classify(self, images: Sequence[NDArray[np.uint8]]) -> list[FakeScore]:
        self.batches.append(list(images))
        return [
            FakeScore(float(image.mean()) / 255, (image / np.float32(255)).astype(np.float32))
            for image in images
        ]


class NoNumberClassifier(BrightnessClassifier):
    """One that is broken."""

    def classify(self, images: Sequence[NDArray[np.uint8]]) -> list[FakeScore]:
        return [FakeScore(float("nan"), np.zeros(image.shape, dtype=np.float32)) for image in images]
