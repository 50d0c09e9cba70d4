"""A classifier without weights: the brighter the image, the more suspicious."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image


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
class FakeCompanion:
    modalities: tuple[str, ...] = ("CT",)
    body_parts: tuple[str, ...] = ("CHEST",)
    days: int = 7
    images: int = 3


@dataclass(frozen=True)
class FakeManifest:
    name: str = "us-mass"
    version: str = "0.0.1"
    title: str = "Fake classifier"
    criteria: FakeCriteria = field(default_factory=FakeCriteria)
    operating_point: FakeOperatingPoint = field(default_factory=FakeOperatingPoint)
    weights: FakeWeights = field(default_factory=FakeWeights)
    companion: FakeCompanion | None = None

    def is_positive(self, probability: float) -> bool:
        return probability >= self.operating_point.threshold

    def suggested_category(self, probability: float) -> str:
        return "4C" if self.is_positive(probability) else "4A"


@dataclass(frozen=True)
class FakeScore:
    probability: float
    heatmap: NDArray[np.float32]

    lesion: NDArray[np.float32] | None = None

    def heatmap_at(self, shape: tuple[int, int]) -> NDArray[np.float32]:
        return scaled(self.heatmap, shape)

    @property
    def finds_lesions(self) -> bool:
        return self.lesion is not None

    def lesion_at(self, shape: tuple[int, int]) -> NDArray[np.float32] | None:
        return None if self.lesion is None else scaled(self.lesion, shape)


def scaled(picture: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    rows, columns = shape
    small = Image.fromarray(picture).resize((columns, rows), Image.Resampling.BILINEAR)
    return np.asarray(small, np.float32)


@dataclass(frozen=True)
class FakePending:
    """Scores when it is asked, as a batch would."""

    score: Callable[[], FakeScore]

    def result(self) -> FakeScore:
        return self.score()


class FakeClassifier:
    """Counts the images it was given in `seen`."""

    def __init__(self) -> None:
        self.manifest = FakeManifest()
        self.seen = 0

    def submit(
        self, image: NDArray[np.uint8], urgent: bool = False, companion: NDArray[np.uint8] | None = None
    ) -> FakePending:
        self.seen += 1
        return FakePending(partial(self.score, image if companion is None else companion))

    def score(self, image: NDArray[np.uint8]) -> FakeScore:
        """What a test replaces to have other scores."""
        return FakeScore(float(image.mean()) / 255, np.float32(1 / 255) * image)
