from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.catalog import find_classifiers
from engines.errors import ExportError
from engines.half import to_half
from engines.manifest import Manifest
from engines.plans.build import build_plan
from engines.plans.profile import BatchProfile
from engines.preprocess import prepare
from engines.spec import HEATMAP, IMAGES, LOGITS
from tests.unit.engines.builders import lesion_image
from tests.unit.engines.plans.vendors import tensorrt_rtx

MANIFESTS = [pytest.param(manifest, id=name) for name, manifest in sorted(find_classifiers().items())]


def _half_file(manifest_or_path: Manifest | Path, folder: Path) -> Path:
    source = manifest_or_path
    path = folder / "half.onnx"
    path.write_bytes(to_half(source.checked_weights() if isinstance(source, Manifest) else source))
    return path


def _scaling_graph(path: Path, *factors: float) -> Path:
    """A graph that multiplies its images by each factor in turn; the last product is the heatmap."""
    names = [IMAGES, *(f"product_{i}" for i in range(1, len(factors))), HEATMAP]
    shape = ["batch", 1, 8, 8]
    graph = helper.make_graph(
        [helper.make_node("Mul", [names[i], f"factor_{i}"], [names[i + 1]]) for i in range(len(factors))],
        "graph",
        [helper.make_tensor_value_info(IMAGES, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(HEATMAP, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.array([f], np.float32), f"factor_{i}") for i, f in enumerate(factors)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_a_shipped_classifier_in_float16_gives_nearly_the_same_probability(
    manifest: Manifest, tmp_path: Path
) -> None:
    images = np.stack([prepare(lesion_image(i % 2 == 0, i)[0], manifest.input.size).tensor for i in range(4)])
    answers = []
    for path in (manifest.checked_weights(), _half_file(manifest, tmp_path)):
        with OnnxRuntimeEngine(path) as engine:
            answers.append(engine.infer({IMAGES: images}))
    full, half = (
        [manifest.calibration.probability(float(logits[1] - logits[0])) for logits in answer[LOGITS]]
        for answer in answers
    )
    assert np.abs(np.subtract(full, half)).max() <= 2e-2
    assert np.corrcoef(answers[0][HEATMAP].ravel(), answers[1][HEATMAP].ravel())[0, 1] > 0.99


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_a_shipped_classifier_in_float16_becomes_a_smaller_plan(manifest: Manifest, tmp_path: Path) -> None:
    vendor = tensorrt_rtx()
    plan = build_plan(_half_file(manifest, tmp_path), BatchProfile(1, 8, 32), vendor=vendor)
    assert len(plan) < len(build_plan(manifest.checked_weights(), BatchProfile(1, 8, 32), vendor=vendor))
    assert vendor.log.take_errors() == []


def test_only_inputs_and_outputs_stay_float32(tiny_onnx: Path) -> None:
    graph = onnx.load_from_string(to_half(tiny_onnx)).graph
    outside = [value.type.tensor_type.elem_type for value in (*graph.input, *graph.output)]
    assert set(outside) == {TensorProto.FLOAT}
    assert TensorProto.FLOAT not in {weight.data_type for weight in graph.initializer}


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (1e5, r"weight 'factor_0' .* 1e\+05, float16 ends at 65504; use tf32"),
        (float("nan"), "weight 'factor_0' .* reaches nan"),
    ],
)
def test_a_weight_that_float16_cannot_hold_is_named(tmp_path: Path, factor: float, message: str) -> None:
    with pytest.raises(ExportError, match=message):
        to_half(_scaling_graph(tmp_path / "model.onnx", factor))


@pytest.mark.parametrize("factors", [(1e3, 1e3, 1e-3), (1e-3, 1e-3, 1e-2, 1e3)])
def test_tensors_that_float16_cannot_hold_stay_float32(tmp_path: Path, factors: tuple[float, ...]) -> None:
    source = _scaling_graph(tmp_path / "model.onnx", *factors, 1.0, 2.0)
    images = np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 1, 8, 8)
    with OnnxRuntimeEngine(_half_file(source, tmp_path)) as engine:
        heatmap = engine.infer({IMAGES: images})[HEATMAP]
    np.testing.assert_allclose(heatmap, images * np.prod(factors) * 2, rtol=5e-3, atol=1e-7)
    graph = onnx.load(str(tmp_path / "half.onnx")).graph
    kinds = {weight.name: weight.data_type for weight in graph.initializer}
    assert kinds[f"factor_{len(factors) + 1}"] == TensorProto.FLOAT16  # the rest is not kept from it


def test_what_float16_can_hold_is_taken(tmp_path: Path) -> None:
    assert to_half(_scaling_graph(tmp_path / "model.onnx", 1e2, 1e2, 1e-3))
