"""Does an engine give the answers of the reference, ONNX Runtime in float32 on the CPU?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.backends.port import Engine
from engines.classifier import Classifier, Score
from engines.manifest import Manifest
from engines.manifest_tables import Tolerance
from engines.precision import Precision
from engines.reference import ReferenceImage

_MULTIPLES = {
    Precision.FP32: (1.0, 1.0),
    Precision.TF32: (10.0, 25.0),
    Precision.FP16: (10.0, 25.0),
    Precision.INT8: (100.0, 100.0),
}
"""Of the manifest's tolerance, which is for float32: of the probability's and of the heatmap's.

float32 keeps 23 bits of a value, tf32 and fp16 ten. One cell of a coarse heatmap moves further than the
probability: in float16, us-mass moved single cells by 0.2 of the maximum. int8 keeps seven bits, and its
limits only find a network that is broken. In every precision the decision must be the reference's."""

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One image. `reference` and `probability`: calibrated, of the reference and of the engine.

    Of the engine's two answers, alone and in a batch, `probability` is the one further from the reference.
    `heatmap`: largest difference of the two, each a share of its maximum.
    """

    image: str
    reference: float
    probability: float
    heatmap: float
    decisions_agree: bool

    @property
    def difference(self) -> float:
        """Between the probabilities."""
        return abs(self.probability - self.reference)


@dataclass(frozen=True, slots=True)
class Verification:
    """All images, compared. `tolerance`: of this precision; `threshold`: of the operating point."""

    comparisons: tuple[Comparison, ...]
    tolerance: Tolerance
    threshold: float

    @property
    def worst_probability(self) -> float:
        """Largest difference of a probability."""
        return float(np.max([comparison.difference for comparison in self.comparisons]))

    @property
    def worst_heatmap(self) -> float:
        """Largest difference of a heatmap."""
        return float(np.max([comparison.heatmap for comparison in self.comparisons]))

    @property
    def decisions_equal(self) -> int:
        """On how many images the decision is the reference's."""
        return sum(comparison.decisions_agree for comparison in self.comparisons)

    @property
    def failures(self) -> tuple[str, ...]:
        """What is wrong with which image, one sentence each."""
        return tuple(text for one in self.comparisons if (text := self._failure(one)))

    @property
    def holds(self) -> bool:
        """Whether the engine may be used."""
        return not self.failures

    def _failure(self, one: Comparison) -> str:
        probabilities = f"probability {one.probability:.4f}, reference {one.reference:.4f}"
        # Written so that a difference that is not a number fails too.
        if not one.decisions_agree:
            return f"{one.image}: another decision ({probabilities}, threshold {self.threshold:.4f})"
        if not one.difference <= self.tolerance.probability:
            return f"{one.image}: {probabilities}, more than {self.tolerance.probability:g} apart"
        if not one.heatmap <= self.tolerance.heatmap:
            return f"{one.image}: heatmap off by {one.heatmap:.3f}, more than {self.tolerance.heatmap:g}"
        return ""


def tolerance_of(manifest: Manifest, precision: Precision) -> Tolerance:
    """The manifest's, which is for float32, widened for precisions that keep fewer bits."""
    probability, heatmap = _MULTIPLES[precision]
    return Tolerance(manifest.tolerance.probability * probability, manifest.tolerance.heatmap * heatmap)


def verify(
    manifest: Manifest,
    engine: Engine,
    precision: Precision,
    images: Sequence[ReferenceImage],
    batch: int = 8,
    report: Report = lambda _done, _total: None,
) -> Verification:
    """Compare an open engine with the reference on `images`, each alone and in batches of `batch`.

    Raises WeightsError where the float32 weights are not there, ValueError without images, and what the
    engine raises.
    """
    if not images:
        raise ValueError("verification needs at least one image")
    comparisons: list[Comparison] = []
    with OnnxRuntimeEngine(manifest.checked_weights()) as reference_engine:
        reference = Classifier(manifest, reference_engine, batch)
        tested = Classifier(manifest, engine, batch)
        for start in range(0, len(images), batch):
            comparisons += _compare(manifest, reference, tested, images[start : start + batch])
            report(len(comparisons), len(images))
    return Verification(
        tuple(comparisons), tolerance_of(manifest, precision), manifest.operating_point.threshold
    )


def _compare(
    manifest: Manifest, reference: Classifier, tested: Classifier, images: Sequence[ReferenceImage]
) -> list[Comparison]:
    pixels = [image.pixels for image in images]
    expected, together = reference.classify(pixels), tested.classify(pixels)
    alone = [tested.classify([one])[0] for one in pixels]
    return [
        _comparison(manifest, image.name, *scores)
        for image, *scores in zip(images, expected, together, alone, strict=True)
    ]


def _comparison(manifest: Manifest, name: str, expected: Score, *got: Score) -> Comparison:
    # NumPy takes what is not a number for the largest, and so do we: Python's max may pass it over.
    differences = [abs(score.probability - expected.probability) for score in got]
    furthest = got[int(np.argmax(differences))]
    decision, heatmap = manifest.is_positive(expected.probability), expected.heatmap
    return Comparison(
        image=name,
        reference=expected.probability,
        probability=furthest.probability,
        heatmap=float(np.max([np.abs(score.heatmap - heatmap).max() for score in got])),
        decisions_agree=all(manifest.is_positive(score.probability) is decision for score in got),
    )
