"""What a classifier has answered on its reference images when it was published, to be compared anywhere.

`python -m engines.recorded FOLDER` writes the file of the classifier in FOLDER, with the reference: ONNX
Runtime in float32 on the CPU.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from engines.classifier import Classifier
from engines.errors import WeightsError
from engines.manifest import FILE, Manifest, read_manifest
from engines.open_engine import open_classifier
from engines.precision import Precision
from engines.reference import ReferenceImage, reference_images
from engines.verify import tolerance_of

ANSWERS = "answers.json"
IMAGES = 8
"""Enough to see that something is broken; `preread engine verify` looks at all of them."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Calibrated probabilities by the names of reference images."""

    probabilities: dict[str, float]


def read_recorded(manifest: Manifest) -> Recorded | None:
    """The answers beside the manifest; None where none were recorded.

    Raises WeightsError for a file that cannot be read, or is of other weights.
    """
    path = manifest.folder / ANSWERS
    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_bytes())
        sha256, probabilities = said["weights_sha256"], dict(said["probabilities"])
        recorded = Recorded({str(name): float(value) for name, value in probabilities.items()})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path} cannot be read ({type(error).__name__}): record it anew") from error
    if sha256 != manifest.weights.sha256:
        raise WeightsError(f"{path} is of other weights than the manifest names: record it anew")
    return recorded


def compare(
    manifest: Manifest, classifier: Classifier, recorded: Recorded, precision: Precision
) -> tuple[str, ...]:
    """Each image on which the classifier says something else now, one sentence each.

    Raises InputError for reference images that cannot be read, and what the engine raises.
    """
    images = [one for one in reference_images(manifest) if one.name in recorded.probabilities]
    if len(images) < len(recorded.probabilities):
        return (
            f"{len(recorded.probabilities) - len(images)} of the recorded reference images are not there",
        )
    scores = classifier.classify([one.pixels for one in images])
    most = tolerance_of(manifest, precision).probability
    return tuple(
        f"{image.name}: probability {score.probability:.4f}, recorded {before:.4f}"
        for image, score in zip(images, scores, strict=True)
        # Written so that a difference that is not a number counts, too.
        if not abs(score.probability - (before := recorded.probabilities[image.name])) <= most
    )


def record(folder: Path) -> Path:
    """Write the answers of the classifier in `folder`; returns the file. Raises EngineError."""
    manifest = read_manifest(folder / FILE)
    images: tuple[ReferenceImage, ...] = reference_images(manifest)[:IMAGES]
    with open_classifier(manifest) as classifier:
        scores = classifier.classify([one.pixels for one in images])
    probabilities = {
        image.name: round(score.probability, 9) for image, score in zip(images, scores, strict=True)
    }
    said = {"weights_sha256": manifest.weights.sha256, "probabilities": probabilities}
    path = folder / ANSWERS
    path.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        sys.stdout.write(f"{record(Path(argument))}\n")
