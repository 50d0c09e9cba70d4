"""manifest.toml: everything the service needs to know of a classifier before it runs it."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from engines import judgement
from engines.errors import ManifestError, WeightsError
from engines.judgement import Calibration, Category, OperatingPoint
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
        if Path(self.file).name != self.file:
            raise ValueError(f"weights.file must be a name in the manifest's folder, got {self.file!r}")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Largest absolute difference allowed between backends, on probability and heatmap (both 0..1)."""

    probability: float
    heatmap: float


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
    folder: Path = field(init=False, default=Path())
    """Where the manifest was read from; not a key of it."""

    def __post_init__(self) -> None:
        if self.classes != CLASSES:
            raise ValueError(f"classes must be {list(CLASSES)}, got {list(self.classes)}")
        judgement.check_categories(self.categories)

    def suggested_category(self, probability: float) -> str:
        """The BI-RADS category (3, 4A, 4B, 4C, 5) whose likelihood range holds the calibrated probability."""
        return judgement.suggested_category(self.categories, probability)

    def is_positive(self, probability: float) -> bool:
        """Whether the calibrated probability reaches the operating point's threshold."""
        return probability >= self.operating_point.threshold

    def checked_weights(self) -> Path:
        """Path of the weights, once their SHA-256 is the manifest's. Raises WeightsError."""
        path = self.folder / self.weights.file
        if not path.is_file():
            raise WeightsError(
                f"classifier {self.name!r} has no weights at {path}; train it or fetch the file"
            )
        digest = sha256_of(path)
        if digest != self.weights.sha256:
            raise WeightsError(
                f"weights {path} have SHA-256 {digest}, the manifest says {self.weights.sha256}; "
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
