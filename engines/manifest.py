"""manifest.toml: everything the service needs to know of a classifier before it runs it."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from engines import judgement
from engines.errors import ManifestError, WeightsError
from engines.judgement import Calibration, Category, Difference, OperatingPoint, Rate
from engines.precision import Precision
from engines.tables import read_toml

FILE = "manifest.toml"
CLASSES = ("benign", "malignant")
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


@dataclass(frozen=True, slots=True)
class Manifest:
    """A classifier as its folder describes it."""

    name: str
    version: str
    title: str
    intended_use: str
    classes: tuple[str, ...]
    licence: str
    criteria: Criteria
    input: Input
    calibration: Calibration
    operating_point: OperatingPoint
    categories: tuple[Category, ...]
    weights: Weights
    tolerance: Tolerance
    sources: tuple[Source, ...]
    int8: Int8 | None = None
    priors: Priors | None = None
    companion: Companion | None = None
    guard: GuardFile | None = None
    points: tuple[OperatingPoint, ...] = ()
    """Further operating points, between which a department chooses."""
    folder: Path = field(init=False, default=Path())
    """Where the manifest was read from; not a key of it."""

    def __post_init__(self) -> None:
        if self.classes != CLASSES:
            raise ValueError(f"classes must be {list(CLASSES)}, got {list(self.classes)}")
        judgement.check_categories(self.categories)

    def at(self, point: str) -> "Manifest":
        """The classifier with the operating point of this name. Raises ManifestError."""
        named = {one.name: one for one in (self.operating_point, *self.points)}
        if point not in named:
            raise ManifestError(
                f"classifier {self.name!r} has no operating point {point!r}; there are: {', '.join(named)}"
            )
        chosen = replace(self, operating_point=named[point])
        object.__setattr__(chosen, "folder", self.folder)
        return chosen

    def suggested_category(self, probability: float) -> str:
        """The BI-RADS category (3, 4A, 4B, 4C, 5) whose likelihood range holds the calibrated probability."""
        return judgement.suggested_category(self.categories, probability)

    def is_positive(self, probability: float) -> bool:
        """Whether the calibrated probability reaches the operating point's threshold."""
        return probability >= self.operating_point.threshold

    def checked_weights(self, precision: Precision = Precision.FP32) -> Path:
        """Path of the ONNX file for `precision`, once its SHA-256 is the manifest's. Raises WeightsError.

        Only int8 has a file of its own: tf32 and float16 are made from the float32 one.
        """
        sha256 = self.weights_sha256(precision)
        if precision is Precision.INT8:
            return self._checked(self._require_int8().file, sha256, "quantise it or fetch the file")
        return self._checked(self.weights.file, sha256, "train it or fetch the file")

    def checked_guard(self) -> Path:
        """Path of the guard's file, once its SHA-256 is the manifest's. Raises WeightsError."""
        if self.guard is None:
            raise WeightsError(f"classifier {self.name!r} has no guard")
        return self._checked(self.guard.file, self.guard.sha256, "train it or fetch the file")

    def weights_sha256(self, precision: Precision) -> str:
        """What `checked_weights` compares the file for `precision` with. Raises WeightsError for no int8."""
        return self._require_int8().sha256 if precision is Precision.INT8 else self.weights.sha256

    def _require_int8(self) -> Int8:
        if self.int8 is None:
            raise WeightsError(
                f"classifier {self.name!r} has no int8 weights; make them: preread quantise {self.name}, "
                "or use fp32"
            )
        return self.int8

    def _checked(self, file: str, sha256: str, remedy: str) -> Path:
        path = self.folder / file
        if not path.is_file():
            raise WeightsError(f"classifier {self.name!r} has no weights at {path}; {remedy}")
        digest = sha256_of(path)
        if digest != sha256:
            raise WeightsError(
                f"weights {path} have SHA-256 {digest}, the manifest says {sha256}; "
                "restore the file, or train and validate anew"
            )
        return path


def read_manifest(path: Path) -> Manifest:
    """Read and check `path`. Raises ManifestError that names the file and the key."""
    manifest = read_toml(Manifest, path, ManifestError)
    object.__setattr__(manifest, "folder", path.parent)  # frozen, but only its reader knows the folder
    return manifest


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_beside(file: str, key: str) -> None:
    if Path(file).name != file:
        raise ValueError(f"{key} must be a name in the manifest's folder, got {file!r}")
