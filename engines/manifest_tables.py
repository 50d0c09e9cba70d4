"""The tables of a manifest, each with what its keys mean and may be."""

from dataclasses import dataclass
from pathlib import Path

from engines.judgement import Difference, Rate

_SCALING = "unit"


@dataclass(frozen=True, slots=True)
class Criteria:
    """What the classifier may be given: DICOM Modality and Body Part Examined values."""

    modalities: tuple[str, ...]
    body_parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """`size` is the side of the square in pixels; `scaling` "unit" means 0.0 black to 1.0 white."""

    size: int
    channels: int
    scaling: str

    def __post_init__(self) -> None:
        if self.channels != 1:
            raise ValueError(
                f"input.channels must be 1 (gray; colour is made in the graph), got {self.channels}"
            )
        if self.scaling != _SCALING:
            raise ValueError(f"input.scaling must be {_SCALING!r}, got {self.scaling!r}")


@dataclass(frozen=True, slots=True)
class Weights:
    """`file` beside the manifest; `sha256` of its bytes, 64 lower-case hexadecimal digits."""

    file: str
    sha256: str

    def __post_init__(self) -> None:
        _check_beside(self.file, "weights.file")


@dataclass(frozen=True, slots=True)
class Int8:
    """The same network in eight-bit integers, as `preread quantise` made and measured it.

    `auc_float32`, `auc`: areas under the ROC curve on the images that `measured_on` names; `auc_loss`: their
    difference. `equal_decisions`: share of those images that stay on their side of the operating point.
    """

    file: str
    sha256: str
    auc_float32: float
    auc: float
    auc_loss: Difference
    equal_decisions: Rate
    measured_on: str

    def __post_init__(self) -> None:
        _check_beside(self.file, "int8.file")


@dataclass(frozen=True, slots=True)
class GuardFile:
    """Refuses what is stranger than `limit` (engines.guard).

    `refused`: share of familiar images that it refused, on the held-out ones that `measured_on` names.
    """

    file: str
    sha256: str
    limit: float
    refused: Rate
    measured_on: str

    def __post_init__(self) -> None:
        _check_beside(self.file, "guard.file")
        if not self.limit > 0:
            raise ValueError(f"guard.limit must be positive, got {self.limit}")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Largest absolute difference allowed between backends, on probability and heatmap (both 0..1)."""

    probability: float
    heatmap: float


@dataclass(frozen=True, slots=True)
class Priors:
    """Earlier studies of the patient that the classifier compares with, for the service to have ready.

    At most `count`, of the `years` before, with images of one of `modalities` (empty: of any).
    """

    count: int
    years: int
    modalities: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.count < 1 or self.years < 1:
            raise ValueError(
                f"priors.count and priors.years must be 1 or more, got {self.count} and {self.years}; "
                "leave [priors] out for none"
            )


@dataclass(frozen=True, slots=True)
class Companion:
    """Another study of the patient, within `days` of this one, whose images the classifier looks at too.

    At most `images` of them are looked at, of these `modalities` and `body_parts`, evenly spread over the
    series with the most images: the most suspicious pair counts.
    """

    modalities: tuple[str, ...]
    body_parts: tuple[str, ...]
    days: int
    images: int = 8

    def __post_init__(self) -> None:
        if not self.modalities or self.days < 0 or self.images < 1:
            raise ValueError(
                "companion needs modalities, days of 0 or more and images of 1 or more, got "
                f"{list(self.modalities)}, {self.days} and {self.images}"
            )


@dataclass(frozen=True, slots=True)
class Source:
    """Data or weights that the classifier was made from."""

    name: str
    licence: str
    citation: str


def _check_beside(file: str, key: str) -> None:
    if Path(file).name != file:
        raise ValueError(f"{key} must be a name in the manifest's folder, got {file!r}")
