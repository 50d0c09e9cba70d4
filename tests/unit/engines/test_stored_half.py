import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.errors import ExportError
from engines.export import export_network
from engines.half import to_half
from engines.stored_half import restored, store_half
from tests.unit.engines.builders import tiny_lesion_network

IMAGES = np.random.default_rng(0).random((2, 1, 64, 64), dtype=np.float32)


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same network, with weights in float32 and in float16."""
    folder = tmp_path_factory.mktemp("graphs")
    network = tiny_lesion_network(width=64).eval()
    whole = export_network(network, 64, folder / "whole.onnx").path
    half = Path(shutil.copyfile(whole, folder / "half.onnx"))
    store_half(half)
    return whole, half


def answers(path: Path) -> dict[str, np.ndarray]:
    with OnnxRuntimeEngine(path) as engine:
        return dict(engine.infer({"images": IMAGES}))


def test_large_weights_are_float16_and_inputs_and_answers_are_not(graphs: tuple[Path, Path]) -> None:
    model = onnx.load(str(graphs[1]))
    kinds = {weight.data_type for weight in model.graph.initializer if np.prod(weight.dims) >= 1024}
    assert kinds == {TensorProto.FLOAT16}
    assert graphs[1].stat().st_size < graphs[0].stat().st_size
    for name, values in answers(graphs[1]).items():
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, answers(graphs[0])[name], atol=0.01 * np.abs(values).max())


def test_a_graph_that_is_restored_has_float32_weights_and_the_same_answers(
    graphs: tuple[Path, Path], tmp_path: Path
) -> None:
    model = restored(onnx.load(str(graphs[1])))
    onnx.checker.check_model(model)
    assert {weight.data_type for weight in model.graph.initializer} <= {TensorProto.FLOAT, TensorProto.INT64}
    onnx.save(model, str(tmp_path / "restored.onnx"))
    for name, values in answers(tmp_path / "restored.onnx").items():
        np.testing.assert_allclose(values, answers(graphs[1])[name], atol=1e-6)


def test_the_strongly_typed_float16_form_can_be_made_of_it(graphs: tuple[Path, Path]) -> None:
    assert len(to_half(graphs[1])) > 0


def test_a_weight_that_float16_cannot_hold_is_refused(graphs: tuple[Path, Path], tmp_path: Path) -> None:
    model = onnx.load(str(graphs[0]))
    large = next(weight for weight in model.graph.initializer if np.prod(weight.dims) >= 1024)
    large.CopyFrom(numpy_helper.from_array(np.full(tuple(large.dims), 1e6, np.float32), large.name))
    onnx.save(model, str(tmp_path / "large.onnx"))
    with pytest.raises(ExportError, match="too large for float16"):
        store_half(tmp_path / "large.onnx")
