"""The classifier port: gray images in, scores out. `engines.classifier` offers it; tests have a fake."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Criteria(Protocol):
    """What a classifier was made for. Values as in DICOM: "US", "BREAST"."""

    @property
    def modalities(self) -> Sequence[str]:
        """Values of Modality (0008,0060) it reads."""
        ...

    @property
    def body_parts(self) -> Sequence[str]:
        """Values of Body Part Examined (0018,0015) it reads."""
        ...


class Companion(Criteria, Protocol):
    """Another study of the patient, whose images the classifier looks at too."""

    @property
    def days(self) -> int:
        """How far apart both may be."""
        ...

    @property
    def images(self) -> int:
        """How many of its images are looked at, at most."""
        ...


class OperatingPoint(Protocol):
    """Where a probability counts as positive."""

    @property
    def threshold(self) -> float:
        """Calibrated probability, 0 to 1."""
        ...


class Weights(Protocol):
    """The trained weights."""

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of the ONNX file."""
        ...


class Manifest(Protocol):
    """What a classifier's folder says of it."""

    @property
    def name(self) -> str:
        """As rules name it."""
        ...

    @property
    def version(self) -> str:
        """Its version."""
        ...

    @property
    def title(self) -> str:
        """As people read it."""
        ...

    @property
    def criteria(self) -> Criteria:
        """What it was made for."""
        ...

    @property
    def companion(self) -> Companion | None:
        """What it reads beside each study, if anything."""
        ...

    @property
    def operating_point(self) -> OperatingPoint:
        """Where it counts a probability as positive."""
        ...

    @property
    def weights(self) -> Weights:
        """Its weights."""
        ...

    def is_positive(self, probability: float) -> bool:
        """Whether a calibrated probability is at or above the operating point."""
        ...

    def suggested_category(self, probability: float) -> str:
        """The assessment category to suggest for a calibrated probability."""
        ...


class Score(Protocol):
    """One image scored."""

    @property
    def probability(self) -> float:
        """Calibrated probability of malignancy, 0 to 1."""
        ...

    def heatmap_at(self, shape: tuple[int, int]) -> NDArray[np.float32]:
        """The heatmap over the whole gray image in `shape` = (rows, columns), 0 to 1 of its maximum."""
        ...

    @property
    def finds_lesions(self) -> bool:
        """Whether the classifier looks for lesions."""
        ...

    def lesion_at(self, shape: tuple[int, int]) -> NDArray[np.float32] | None:
        """The lesion's probability over the whole gray image; None where the classifier looks for none."""
        ...


class PendingScore(Protocol):
    """A score to come."""

    def result(self) -> Score:
        """Wait for it. Raises NotAnalysable when the network cannot run this image, EngineLost (Retryable)
        when it can run none.
        """
        ...


class ClassifierPort(Protocol):
    """A loaded classifier. Any thread may submit."""

    @property
    def manifest(self) -> Manifest:
        """What it is."""
        ...

    def submit(
        self, image: NDArray[np.uint8], urgent: bool = False, companion: NDArray[np.uint8] | None = None
    ) -> PendingScore:
        """Queue a gray image of shape (rows, columns), with one of its companion where the classifier looks
        at both. Urgent ones wait for nobody.
        """
        ...
