from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engines.catalog import find_classifiers
from engines.errors import PlanError, WeightsError
from engines.plans.build import build_plan
from engines.plans.gpu import Gpu
from engines.plans.profile import BatchProfile
from engines.plans.vendor import Vendor
from engines.precision import Precision
from tests.unit.engines.plans.vendors import tensorrt_rtx

PROFILE = BatchProfile(1, 8, 32)


@pytest.fixture(scope="module")
def vendor() -> Vendor:
    return tensorrt_rtx()


def _write_graph(path: Path, operator: str, shape: list[str | int]) -> Path:
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)
    node = helper.make_node(operator, ["images"], ["logits"], name="the_culprit")
    graph = helper.make_graph([node], "graph", [images], [logits])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), path)
    return path


def _write_quantised(path: Path, zero: int = 0) -> Path:
    """A convolution between QuantizeLinear and DequantizeLinear, as a calibrated file holds many."""
    rng = np.random.default_rng(0)
    constants = {
        "scale": np.float32(0.01),
        "zero": np.int8(zero),
        "weights": rng.integers(-127, 127, (4, 1, 3, 3)).astype(np.int8),
        "weights_scale": np.full(4, 0.01, np.float32),
        "weights_zero": np.zeros(4, np.int8),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["images", "scale", "zero"], ["quantised"]),
        helper.make_node("DequantizeLinear", ["quantised", "scale", "zero"], ["rounded"]),
        helper.make_node(
            "DequantizeLinear", ["weights", "weights_scale", "weights_zero"], ["kernel"], axis=0
        ),
        helper.make_node("Conv", ["rounded", "kernel"], ["logits"]),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 1, 8, 8])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 4, 6, 6])
    held = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "graph", [images], [logits], held)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), path)
    return path


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.TF32])
@pytest.mark.parametrize("name", sorted(find_classifiers()))
def test_every_shipped_classifier_becomes_a_plan(name: str, precision: Precision, vendor: Vendor) -> None:
    weights = find_classifiers()[name].checked_weights()
    plan = build_plan(weights, PROFILE, precision, vendor=vendor)
    assert len(plan) > weights.stat().st_size / 2  # the weights are in it, none of them narrowed
    assert vendor.log.take_errors() == []


@pytest.mark.parametrize("name", sorted(find_classifiers()))
def test_every_shipped_classifier_becomes_a_float16_plan(name: str, vendor: Vendor) -> None:
    weights = find_classifiers()[name].checked_weights()
    plan = build_plan(weights, PROFILE, Precision.FP16, vendor=vendor)
    usual = build_plan(weights, PROFILE, vendor=vendor)
    assert len(plan) < len(usual) * 0.75  # most weights have two bytes instead of four


@pytest.mark.parametrize("name", sorted(find_classifiers()))
def test_every_shipped_int8_file_becomes_a_plan(name: str, vendor: Vendor) -> None:
    try:
        weights = find_classifiers()[name].checked_weights(Precision.INT8)
    except WeightsError as reason:
        pytest.skip(str(reason))
    assert build_plan(weights, PROFILE, Precision.INT8, vendor=vendor)


def test_a_quantised_graph_becomes_an_int8_plan(tmp_path: Path, vendor: Vendor) -> None:
    assert build_plan(_write_quantised(tmp_path / "model.onnx"), PROFILE, Precision.INT8, vendor=vendor)


def test_int8_of_a_graph_without_scales_is_refused(tiny_onnx: Path, vendor: Vendor) -> None:
    with pytest.raises(PlanError, match=r"holds no QuantizeLinear.*give the calibrated file"):
        build_plan(tiny_onnx, PROFILE, Precision.INT8, vendor=vendor)


def test_what_does_not_shift_zero_only_is_refused_as_int8(tmp_path: Path, vendor: Vendor) -> None:
    with pytest.raises(PlanError, match="Non-zero zero point is not supported"):
        build_plan(_write_quantised(tmp_path / "model.onnx", zero=3), PROFILE, Precision.INT8, vendor=vendor)


def test_a_build_says_how_far_it_is(tiny_onnx: Path, vendor: Vendor) -> None:
    heard: list[tuple[str, float]] = []
    build_plan(tiny_onnx, PROFILE, vendor=vendor, progress=lambda *said: heard.append(said))
    assert heard[0][0]
    assert heard[0][1] == 0
    assert 0.5 < heard[-1][1] <= 1


def test_a_plan_can_be_built_for_one_compute_capability(tiny_onnx: Path, vendor: Vendor) -> None:
    assert build_plan(tiny_onnx, PROFILE, gpu=Gpu("NVIDIA L40S", "8.9"), vendor=vendor)


def test_an_operator_that_tensorrt_lacks_is_named(tmp_path: Path, vendor: Vendor) -> None:
    path = _write_graph(tmp_path / "model.onnx", "Frobnicate", ["batch", 1, 8, 8])
    with pytest.raises(PlanError, match=r"'the_culprit' \(Frobnicate\).*; export it anew"):
        build_plan(path, PROFILE, vendor=vendor)


def test_a_torn_file_is_refused_with_the_parser_s_words(
    tmp_path: Path, tiny_onnx: Path, vendor: Vendor
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(tiny_onnx.read_bytes()[:-100])
    with pytest.raises(PlanError, match="Failed to parse the ONNX model"):
        build_plan(path, PROFILE, vendor=vendor)


def test_a_missing_file_is_refused(tmp_path: Path, vendor: Vendor) -> None:
    with pytest.raises(PlanError, match="No such file or directory; check the path"):
        build_plan(tmp_path / "model.onnx", PROFILE, vendor=vendor)


def test_a_graph_for_any_image_size_is_refused(tmp_path: Path, vendor: Vendor) -> None:
    path = _write_graph(tmp_path / "model.onnx", "Relu", ["batch", 1, "rows", 8])
    with pytest.raises(PlanError, match=r"input 'images' .*only the batch may be dynamic"):
        build_plan(path, PROFILE, vendor=vendor)


def test_a_graph_of_another_batch_than_the_profile_is_refused(tmp_path: Path, vendor: Vendor) -> None:
    path = _write_graph(tmp_path / "model.onnx", "Relu", [4, 1, 8, 8])
    with pytest.raises(PlanError, match="Input tensor images has static dimensions"):
        build_plan(path, PROFILE, vendor=vendor)
