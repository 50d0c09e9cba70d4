"""How far the answers of a quantised graph are from those of the float32 one, on the same images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.evaluation.arrays import Scores
from engines.manifest import Manifest
from engines.progress import Progress, Report
from engines.spec import HEATMAP, IMAGES, LOGITS

_BATCH = 8


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Per image: `logits` (n,), malignant minus benign; calibrated `probabilities` (n,); `heatmaps`
    (n, h, w).
    """

    logits: Scores
    probabilities: Scores
    heatmaps: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """`full` from float32, `quantised` from int8; `threshold` of the operating point."""

    full: Answers
    quantised: Answers
    threshold: float

    @property
    def changes(self) -> Scores:
        """Absolute change of each probability, (n,)."""
        return np.abs(self.full.probabilities - self.quantised.probabilities)

    @property
    def equal_decisions(self) -> int:
        """How many images stay on their side of the operating point."""
        before = self.full.probabilities >= self.threshold
        return int((before == (self.quantised.probabilities >= self.threshold)).sum())

    @property
    def equal_maxima(self) -> int:
        """How many heatmaps have their maximum at the same place of the maps' grid."""
        before, after = (_flat(answers.heatmaps).argmax(axis=1) for answers in (self.full, self.quantised))
        return int((before == after).sum())

    @property
    def heatmap_correlations(self) -> Scores:
        """Pearson correlation of each pair of heatmaps; a heatmap that is flat on one side only gives 0."""
        pairs = zip(_flat(self.full.heatmaps), _flat(self.quantised.heatmaps), strict=True)
        return np.array([_correlation(before, after) for before, after in pairs])


def answers_of(
    manifest: Manifest, onnx: Path, images: Sequence[NDArray[np.float32]], phase: str, report: Report
) -> Answers:
    """Run `onnx` on prepared images, each float32 (1, size, size)."""
    logits, heatmaps = [], []
    with OnnxRuntimeEngine(onnx) as engine:
        for start in range(0, len(images), _BATCH):
            outputs = engine.infer({IMAGES: np.stack(images[start : start + _BATCH])})
            logits.append(outputs[LOGITS].astype(np.float64))
            heatmaps.append(outputs[HEATMAP])
            report(Progress(phase, min(start + _BATCH, len(images)), len(images)))
    both = np.concatenate(logits)
    differences = both[:, 1] - both[:, 0]
    probabilities = np.array([manifest.calibration.probability(float(d)) for d in differences])
    return Answers(differences, probabilities, np.concatenate(heatmaps))


def _flat(heatmaps: NDArray[np.float32]) -> NDArray[np.float32]:
    return heatmaps.reshape(len(heatmaps), -1)


def _correlation(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    flat = [float(np.ptp(values)) == 0.0 for values in (before, after)]
    if any(flat):
        return float(all(flat))
    return float(np.corrcoef(before, after)[0, 1])
