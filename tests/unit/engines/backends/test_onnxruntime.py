from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.backends.port import Engine
from engines.catalog import find_classifiers
from engines.errors import EngineClosed, InferenceError, LibraryError, WeightsError
from engines.spec import IMAGES
from tests.contracts.engine import EngineContract, MakeImages
from tests.unit.engines.builders import SIZE


def _batches(size: int) -> MakeImages:
    def images(count: int) -> NDArray[np.float32]:
        return np.random.default_rng(0).random((count, 1, size, size), dtype=np.float32)

    return images


class TestTinyNetwork(EngineContract):
    @pytest.fixture
    def engine(self, tiny_onnx: Path) -> Engine:
        return OnnxRuntimeEngine(tiny_onnx, threads=1)

    @pytest.fixture
    def second(self, tiny_onnx: Path) -> Engine:
        return OnnxRuntimeEngine(tiny_onnx, threads=1)

    @pytest.fixture
    def images(self) -> MakeImages:
        return _batches(SIZE)


@pytest.mark.parametrize("name", sorted(find_classifiers()))
class TestShippedClassifier(EngineContract):
    @pytest.fixture
    def engine(self, name: str) -> Engine:
        return OnnxRuntimeEngine(find_classifiers()[name].checked_weights(), threads=1)

    @pytest.fixture
    def second(self, name: str) -> Engine:
        return OnnxRuntimeEngine(find_classifiers()[name].checked_weights(), threads=1)

    @pytest.fixture
    def images(self, name: str) -> MakeImages:
        return _batches(find_classifiers()[name].input.size)


def test_a_file_that_is_no_graph_does_not_open(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(WeightsError, match="ONNX"):
        OnnxRuntimeEngine(path).open()


def test_a_missing_file_does_not_open(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="ONNX"):
        OnnxRuntimeEngine(tmp_path / "model.onnx").open()


def test_a_gpu_that_this_library_lacks_is_refused(tiny_onnx: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(LibraryError, match="pip install onnxruntime-gpu"):
        OnnxRuntimeEngine(tiny_onnx, provider="cuda").open()


def test_a_silent_fall_back_to_the_cpu_is_refused(tiny_onnx: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = onnxruntime.InferenceSession

    def fall_back(path: str, options: Any, providers: list[Any]) -> Any:
        assert providers[0] == ("CUDAExecutionProvider", {"device_id": "1", "use_tf32": "0"})
        return made(path, options, providers=providers[1:])

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", fall_back)
    engine = OnnxRuntimeEngine(tiny_onnx, provider="cuda", device=1)
    with pytest.raises(LibraryError, match="fell back to the CPU"):
        engine.open()
    with pytest.raises(EngineClosed):
        _ = engine.inputs


def test_a_graph_that_fails_while_it_runs_is_an_inference_error(tmp_path: Path) -> None:
    """A Reshape to three images takes batches of three only, which its inputs do not say."""
    path = tmp_path / "model.onnx"
    images = helper.make_tensor_value_info(IMAGES, TensorProto.FLOAT, ["batch", 4])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [3, 4])
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [3, 4])
    node = helper.make_node("Reshape", [IMAGES, "shape"], ["logits"])
    graph = helper.make_graph([node], "graph", [images], [logits], [shape])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    with OnnxRuntimeEngine(path) as engine:
        assert engine.infer({IMAGES: np.zeros((3, 4), np.float32)})["logits"].shape == (3, 4)
        with pytest.raises(InferenceError, match="send a smaller batch"):
            engine.infer({IMAGES: np.zeros((2, 4), np.float32)})


def test_want_of_memory_is_an_inference_error(tiny_onnx: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError("bad allocation")

    with OnnxRuntimeEngine(tiny_onnx) as engine:
        monkeypatch.setattr(onnxruntime.InferenceSession, "run", no_memory)
        with pytest.raises(InferenceError, match="bad allocation"):
            engine.infer({IMAGES: np.zeros((1, 1, SIZE, SIZE), np.float32)})
