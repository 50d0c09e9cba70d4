from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.backends.port import Arrays, Engine
from engines.manifest import Manifest
from engines.manifest_tables import Tolerance
from engines.precision import Precision
from engines.reference import ReferenceImage
from engines.spec import HEATMAP, IMAGES, LOGITS
from engines.verify import Verification, tolerance_of, verify
from tests.unit.engines.builders import noise

IMAGES_TO_COMPARE = [ReferenceImage(f"noise {seed}", noise(40, 60, seed)) for seed in range(5)]


class Shifted(OnnxRuntimeEngine):
    """The reference with something added to an output, in batches of more than `beyond` images."""

    def __init__(self, path: Path, output: str, shift: float, beyond: int = 0) -> None:
        super().__init__(path)
        self.output, self.shift, self.beyond = output, shift, beyond

    def infer(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        answers = super().infer(arrays)
        if len(arrays[IMAGES]) > self.beyond:
            # On one logit, or in one corner of the heatmap.
            answers[self.output][..., -1] += np.float32(self.shift)
        return answers


def verified(manifest: Manifest, engine: Engine, precision: Precision = Precision.FP32) -> Verification:
    with engine:
        return verify(manifest, engine, precision, IMAGES_TO_COMPARE, batch=4)


def with_threshold_near(manifest: Manifest, probability: float) -> Manifest:
    changed = replace(manifest, operating_point=replace(manifest.operating_point, threshold=probability))
    object.__setattr__(changed, "folder", manifest.folder)
    return changed


def test_the_reference_holds_against_itself(tiny_manifest: Manifest) -> None:
    found = verified(tiny_manifest, OnnxRuntimeEngine(tiny_manifest.checked_weights()))
    assert (found.holds, found.failures, found.decisions_equal) == (True, (), 5)
    assert [one.image for one in found.comparisons] == [image.name for image in IMAGES_TO_COMPARE]
    assert found.worst_probability < 1e-6


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.FP16])
def test_a_small_shift_is_too_much_for_fp32_and_not_for_fp16(
    tiny_manifest: Manifest, precision: Precision
) -> None:
    found = verified(tiny_manifest, Shifted(tiny_manifest.checked_weights(), LOGITS, 0.01), precision)
    assert found.holds is (precision is Precision.FP16)
    assert all("apart" in failure for failure in found.failures)


def test_another_heatmap_is_a_failure(tiny_manifest: Manifest) -> None:
    found = verified(tiny_manifest, Shifted(tiny_manifest.checked_weights(), HEATMAP, 1.0))
    assert not found.holds
    assert "heatmap off by" in found.failures[0]


def test_what_is_wrong_only_in_batches_is_found(tiny_manifest: Manifest) -> None:
    found = verified(tiny_manifest, Shifted(tiny_manifest.checked_weights(), LOGITS, 0.5, beyond=1))
    # Four together, then one that is alone both times.
    assert [one.difference > 0.01 for one in found.comparisons] == [True] * 4 + [False]


def test_another_decision_is_a_failure_within_every_tolerance(tiny_manifest: Manifest) -> None:
    reference = verified(tiny_manifest, OnnxRuntimeEngine(tiny_manifest.checked_weights()))
    manifest = with_threshold_near(tiny_manifest, reference.comparisons[2].reference + 1e-5)
    found = verified(manifest, Shifted(manifest.checked_weights(), LOGITS, 1e-3), Precision.INT8)
    assert found.decisions_equal < 5
    assert any(text.startswith("noise 2: another decision (probability 0.") for text in found.failures)


@pytest.mark.parametrize("output", [LOGITS, HEATMAP])
def test_what_is_not_a_number_never_holds(tiny_manifest: Manifest, output: str) -> None:
    found = verified(tiny_manifest, Shifted(tiny_manifest.checked_weights(), output, np.nan), Precision.INT8)
    assert len(found.failures) == 5


def test_tolerances_widen_with_fewer_bits(tiny_manifest: Manifest) -> None:
    at = {precision: tolerance_of(tiny_manifest, precision) for precision in Precision}
    assert at[Precision.FP32] == tiny_manifest.tolerance == Tolerance(0.001, 0.01)
    assert at[Precision.TF32] == at[Precision.FP16]
    assert at[Precision.FP16].probability == pytest.approx(0.01)
    assert at[Precision.INT8].probability > at[Precision.FP16].probability


def test_progress_counts_images(tiny_manifest: Manifest) -> None:
    told: list[tuple[int, int]] = []
    with OnnxRuntimeEngine(tiny_manifest.checked_weights()) as engine:
        verify(
            tiny_manifest,
            engine,
            Precision.FP32,
            IMAGES_TO_COMPARE,
            2,
            lambda done, of: told.append((done, of)),
        )
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_verifying_on_nothing_is_refused(tiny_manifest: Manifest) -> None:
    with (
        OnnxRuntimeEngine(tiny_manifest.checked_weights()) as engine,
        pytest.raises(ValueError, match="at least one"),
    ):
        verify(tiny_manifest, engine, Precision.FP32, [])
