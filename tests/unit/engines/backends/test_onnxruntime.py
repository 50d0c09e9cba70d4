from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.backends.port import Engine
from engines.catalog import find_classifiers
from engines.errors import WeightsError
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
    def images(self) -> MakeImages:
        return _batches(SIZE)


@pytest.mark.parametrize("name", sorted(find_classifiers()))
class TestShippedClassifier(EngineContract):
    @pytest.fixture
    def engine(self, name: str) -> Engine:
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
