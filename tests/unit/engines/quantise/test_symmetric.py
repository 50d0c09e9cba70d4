from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.plans.build import build_plan
from engines.plans.profile import BatchProfile
from engines.quantise.network import Images
from engines.quantise.symmetric import to_symmetric
from engines.spec import HEATMAP, IMAGES, LOGITS
from tests.unit.engines.plans.vendors import tensorrt_rtx


def _written(onnx_file: Path, folder: Path) -> Path:
    path = folder / "symmetric.onnx"
    path.write_bytes(to_symmetric(onnx_file))
    return path


def test_no_zero_point_is_left(tiny_int8: Path, tmp_path: Path) -> None:
    graph = onnx.load(_written(tiny_int8, tmp_path)).graph
    constants = {constant.name: numpy_helper.to_array(constant) for constant in graph.initializer}
    quantising = [n for n in graph.node if n.op_type in ("QuantizeLinear", "DequantizeLinear")]
    assert quantising
    for node in quantising:
        assert constants[node.input[2]].dtype == np.int8
        assert not constants[node.input[2]].any()


def test_the_answers_stay_near(tiny_onnx: Path, tiny_int8: Path, images: Images, tmp_path: Path) -> None:
    with OnnxRuntimeEngine(tiny_onnx) as engine:
        full = engine.infer({IMAGES: images})
    with OnnxRuntimeEngine(_written(tiny_int8, tmp_path)) as engine:
        symmetric = engine.infer({IMAGES: images})
    for name in (LOGITS, HEATMAP):
        assert np.abs(full[name] - symmetric[name]).max() < 0.15 * np.ptp(full[name])


def test_tensorrt_takes_it(tiny_int8: Path, tmp_path: Path) -> None:
    vendor = tensorrt_rtx()
    assert build_plan(_written(tiny_int8, tmp_path), BatchProfile(1, 2, 4), vendor=vendor)
    assert vendor.log.take_errors() == []


def test_a_graph_without_zero_points_stays_as_it_is(tiny_int8: Path, tmp_path: Path) -> None:
    once = _written(tiny_int8, tmp_path)
    assert onnx.load_from_string(to_symmetric(once)) == onnx.load(once)
