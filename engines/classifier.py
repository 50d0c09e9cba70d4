"""A classifier ready for images: gray arrays in, scores with heatmaps out."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.backends.port import Engine
from engines.errors import WeightsError
from engines.manifest import Manifest
from engines.preprocess import Placement, prepare
from engines.spec import EMBEDDING, HEATMAP, IMAGES, LOGITS

_NO_EVIDENCE = 1e-6
"""Heatmap maxima up to this are rounding, not evidence: they must not be scaled up to look like some."""


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """What one image got.

    `logit`: malignant minus benign, not calibrated. `probability`: calibrated, 0..1. `heatmap`: evidence
    for malignancy, float32 of the image's (rows, columns), 0..1 of the image's own maximum, all zero where
    there is none. `embedding`: float32 (d,), for guards against unfamiliar input.
    """

    logit: float
    probability: float
    heatmap: NDArray[np.float32]
    embedding: NDArray[np.float32]


class Classifier:
    """Use in a `with`; one thread at a time."""

    def __init__(self, manifest: Manifest, engine: Engine, largest_batch: int = 8) -> None:
        self.manifest = manifest
        self._engine = engine
        self._largest_batch = largest_batch

    @classmethod
    def open(cls, manifest: Manifest, threads: int = 1, largest_batch: int = 8) -> Self:
        """Check the weights and load them into ONNX Runtime, ready to run. Raises WeightsError."""
        engine = OnnxRuntimeEngine(manifest.checked_weights(), threads)
        engine.open()
        try:
            _check_graph(manifest, engine)
        except WeightsError:
            engine.close()
            raise
        return cls(manifest, engine, largest_batch)

    def classify(self, images: Sequence[NDArray[np.uint8]]) -> list[Score]:
        """Score each gray image, uint8 (rows, columns); sizes may differ. In the order given.

        Raises InputError for an image that is not gray uint8 or too small, EngineClosed after `close`.
        """
        scores: list[Score] = []
        for start in range(0, len(images), self._largest_batch):
            scores.extend(self._batch(images[start : start + self._largest_batch]))
        return scores

    def close(self) -> None:
        """Release the network."""
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _batch(self, images: Sequence[NDArray[np.uint8]]) -> list[Score]:
        prepared = [prepare(image, self.manifest.input.size) for image in images]
        outputs = self._engine.infer({IMAGES: np.stack([p.tensor for p in prepared])})
        logits = outputs[LOGITS].astype(np.float64)
        return [
            self._score(float(logit), heatmap, embedding, p.placement)
            for logit, heatmap, embedding, p in zip(
                logits[:, 1] - logits[:, 0], outputs[HEATMAP], outputs[EMBEDDING], prepared, strict=True
            )
        ]

    def _score(
        self, logit: float, heatmap: NDArray[np.float32], embedding: NDArray[np.float32], placement: Placement
    ) -> Score:
        return Score(
            logit=logit,
            probability=self.manifest.calibration.probability(logit),
            heatmap=_share_of_maximum(placement.to_source(heatmap)),
            embedding=embedding.copy(),
        )


def _check_graph(manifest: Manifest, engine: Engine) -> None:
    size = manifest.input.size
    inputs = {(spec.name, spec.shape[1:]) for spec in engine.inputs}
    outputs = {spec.name for spec in engine.outputs}
    if inputs != {(IMAGES, (1, size, size))} or not {LOGITS, HEATMAP, EMBEDDING} <= outputs:
        raise WeightsError(
            f"the graph of {manifest.name!r} takes {sorted(inputs)} and gives {sorted(outputs)}; "
            f"expected {IMAGES} (1, {size}, {size}) and {LOGITS}, {HEATMAP}, {EMBEDDING}: export it anew"
        )


def _share_of_maximum(heatmap: NDArray[np.float32]) -> NDArray[np.float32]:
    peak = float(heatmap.max())
    if peak <= _NO_EVIDENCE:
        return np.zeros_like(heatmap)
    share: NDArray[np.float32] = np.clip(heatmap / np.float32(peak), 0.0, 1.0)
    return share
