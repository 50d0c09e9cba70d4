import logging
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.quantise.network import Images, Quantiser
from engines.spec import HEATMAP, IMAGES, LOGITS


def _weights(path: Path, data_type: int) -> list[tuple[int, ...]]:
    """Shapes of the convolutions' weights of that type."""
    weights = [w for w in onnx.load(path).graph.initializer if w.data_type == data_type]
    return sorted(tuple(weight.dims) for weight in weights if list(weight.dims[2:]) == [3, 3])


def test_int8_answers_are_near_those_of_float32(tiny_onnx: Path, tiny_int8: Path, images: Images) -> None:
    with OnnxRuntimeEngine(tiny_onnx) as engine:
        full = engine.infer({IMAGES: images})
    with OnnxRuntimeEngine(tiny_int8) as engine:
        int8 = engine.infer({IMAGES: images})
    for name in (LOGITS, HEATMAP):
        error, spread = np.abs(full[name] - int8[name]).max(), np.ptp(full[name])
        # Processors without VNNI saturate sums of two products, and are further off.
        assert 0 < error < 0.3 * spread


def test_convolutions_are_int8_and_all_else_stays_float32(tiny_int8: Path) -> None:
    assert _weights(tiny_int8, TensorProto.INT8) == [(6, 3, 3, 3), (6, 6, 3, 3)]
    assert _weights(tiny_int8, TensorProto.FLOAT) == []
    graph = onnx.load(tiny_int8).graph
    gemm = next(node for node in graph.node if node.op_type == "Gemm")
    weight = next(w for w in graph.initializer if w.name == gemm.input[1])
    assert numpy_helper.to_array(weight).dtype == np.float32


def test_first_layers_can_stay_in_float32(quantiser: Quantiser, tmp_path: Path) -> None:
    quantiser.write(tmp_path / "model.onnx", in_float32=1)
    assert _weights(tmp_path / "model.onnx", TensorProto.FLOAT) == [(6, 3, 3, 3)]
    assert _weights(tmp_path / "model.onnx", TensorProto.INT8) == [(6, 6, 3, 3)]


def test_the_same_images_give_the_same_bytes(
    tiny_onnx: Path, tiny_int8: Path, images: Images, tmp_path: Path
) -> None:
    Quantiser(tiny_onnx, images, tmp_path).write(tmp_path / "again.onnx", in_float32=0)
    assert (tmp_path / "again.onnx").read_bytes() == tiny_int8.read_bytes()


def test_the_library_stays_silent_and_logging_as_it_was(
    quantiser: Quantiser, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quantiser.write(tmp_path / "model.onnx", in_float32=0)
    assert capsys.readouterr() == ("", "")
    assert logging.root.manager.disable == logging.NOTSET
