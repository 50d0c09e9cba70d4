"""manifest.toml: everything the service needs to know of a classifier before it runs it."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engines import judgement
from engines.errors import ManifestError, WeightsError
from engines.judgement import Calibration, Category, OperatingPoint
from engines.manifest_tables import (
    Companion,
    Criteria,
    GuardFile,
    Input,
    Int8,
    Priors,
    Source,
    Tolerance,
    Weights,
)
from engines.precision import Precision
from engines.tables import read_toml

FILE = "manifest.toml"
CLASSES = ("benign", "malignant")


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
        return self._with(operating_point=named[point])

    def guarded_up_to(self, limit: float) -> "Manifest":
        """The classifier with another limit of its guard. Raises ManifestError where it has none."""
        if self.guard is None:
            raise ManifestError(f"classifier {self.name!r} has no guard, so it takes no limit")
        return self._with(guard=replace(self.guard, limit=limit))

    def _with(self, **changes: Any) -> "Manifest":
        changed = replace(self, **changes)
        object.__setattr__(changed, "folder", self.folder)
        return changed

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
