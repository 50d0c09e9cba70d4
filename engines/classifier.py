"""A classifier ready for images: gray arrays in, scores with heatmaps out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engines.backends.port import Engine
from engines.judgement import Calibration
from engines.manifest import Manifest
from engines.pair import Given, prepare_given, stacked
from engines.preprocess import Placement
from engines.spec import EMBEDDING, HEATMAP, LESION, LOGITS

Outputs = Mapping[str, NDArray[np.float32]]

_NO_EVIDENCE = 1e-6
"""Heatmap maxima up to this are rounding, not evidence: they must not be scaled up to look like some."""
_LESION = 0.5
"""Probability from which on a pixel is the lesion."""


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """What one image got.

    `logit`: malignant minus benign, not calibrated. `probability`: calibrated, 0..1. `evidence`: for
    malignancy, float32 (h, w) over the network's square input, which `placement` says how the image lay in.
    `embedding`: float32 (d,), for guards against unfamiliar input. `lesion`: its probability over that
    square, float32 (h, w), where the classifier finds it.
    """

    logit: float
    probability: float
    evidence: NDArray[np.float32]
    embedding: NDArray[np.float32]
    placement: Placement
    lesion: NDArray[np.float32] | None = None

    @property
    def heatmap(self) -> NDArray[np.float32]:
        """As `heatmap_at` the image's own (rows, columns)."""
        return self.heatmap_at(self.placement.source)

    def heatmap_at(self, shape: tuple[int, int]) -> NDArray[np.float32]:
        """The evidence over the image in `shape` = (rows, columns): float32, 0..1 of its own maximum.

        All zero where there is no evidence.
        """
        heatmap = self.placement.to_source(self.evidence, shape)
        peak = float(heatmap.max())
        if peak <= _NO_EVIDENCE:
            return np.zeros_like(heatmap)
        share: NDArray[np.float32] = np.clip(heatmap / np.float32(peak), 0.0, 1.0)
        return share

    @property
    def finds_lesions(self) -> bool:
        """Whether the classifier looks for lesions."""
        return self.lesion is not None

    def lesion_at(self, shape: tuple[int, int]) -> NDArray[np.float32] | None:
        """The lesion's probability over the image in `shape` = (rows, columns): float32, 0..1.

        None where nothing looks for it.
        """
        return None if self.lesion is None else self.placement.to_source(self.lesion, shape)

    @property
    def lesion_mask(self) -> NDArray[np.bool_] | None:
        """Where the lesion is in the image, bool (rows, columns); None where nothing looks for it."""
        lesion = self.lesion_at(self.placement.source)
        return None if lesion is None else lesion >= _LESION


def score_of(answer: Outputs, placement: Placement, calibration: Calibration) -> Score:
    """The score of one image from the network's outputs for it, which have no batch dimension."""
    benign, malignant = answer[LOGITS].astype(np.float64)
    logit = float(malignant - benign)
    return Score(
        logit=logit,
        probability=calibration.probability(logit),
        # Copies, because views would keep the whole batch alive.
        evidence=answer[HEATMAP].copy(),
        embedding=answer[EMBEDDING].copy(),
        placement=placement,
        lesion=answer[LESION][0].copy() if LESION in answer else None,
    )


class Classifier:
    """Use in a `with`; one thread at a time. For many threads at once: `engines.serving`."""

    def __init__(self, manifest: Manifest, engine: Engine, largest_batch: int = 8) -> None:
        self.manifest = manifest
        self._engine = engine
        self._largest_batch = largest_batch

    def classify(self, images: Sequence[Given]) -> list[Score]:
        """Score each gray image, uint8 (rows, columns), or each pair; sizes may differ. In the order given.

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

    def _batch(self, images: Sequence[Given]) -> list[Score]:
        calibration = self.manifest.calibration
        prepared = [prepare_given(image, self.manifest.input.size) for image in images]
        outputs = self._engine.infer(stacked([p.tensors for p in prepared]))
        return [
            score_of({name: values[index] for name, values in outputs.items()}, p.placement, calibration)
            for index, p in enumerate(prepared)
        ]
