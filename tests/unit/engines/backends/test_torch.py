import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.backends.port import Engine
from engines.backends.torch import TorchEngine
from engines.errors import LibraryError, WeightsError
from engines.networks.catalog import ARCHITECTURES
from engines.networks.checkpoint import write_network
from engines.spec import IMAGES
from tests.contracts.engine import EngineContract, MakeImages
from tests.unit.engines.builders import SIZE, seeded_network, tiny_network


@pytest.fixture(autouse=True)
def tiny_is_an_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES, "tiny", tiny_network)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "best.pt"
    write_network(path, seeded_network(), "tiny", SIZE)
    return path


@pytest.fixture
def images() -> MakeImages:
    def make(count: int) -> NDArray[np.float32]:
        return np.random.default_rng(0).random((count, 1, SIZE, SIZE), dtype=np.float32)

    return make


class TestTinyNetwork(EngineContract):
    @pytest.fixture
    def engine(self, checkpoint: Path) -> Iterator[Engine]:
        with_torch = TorchEngine(checkpoint)
        yield with_torch
        with_torch.close()

    @pytest.fixture
    def second(self, checkpoint: Path) -> Engine:
        return TorchEngine(checkpoint)


def test_the_exported_graph_gives_the_reference_s_answers(
    checkpoint: Path, tiny_onnx: Path, images: MakeImages
) -> None:
    with TorchEngine(checkpoint) as reference, OnnxRuntimeEngine(tiny_onnx) as exported:
        expected, got = reference.infer({IMAGES: images(3)}), exported.infer({IMAGES: images(3)})
        assert reference.inputs == exported.inputs
    assert set(got) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(got[name], values, rtol=0, atol=1e-5 * float(np.abs(values).max()))


def test_images_that_are_read_only_are_taken(checkpoint: Path, images: MakeImages) -> None:
    batch = images(1)
    batch.setflags(write=False)
    with TorchEngine(checkpoint) as engine:
        assert np.isfinite(engine.infer({IMAGES: batch})["logits"]).all()


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 half an archive"])
def test_a_file_that_is_no_checkpoint_does_not_open(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "best.pt"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="not a checkpoint"):
        TorchEngine(path).open()


@pytest.mark.parametrize("state", [{}, [1, 2], {"architecture": "vit", "size": SIZE, "network": {}}])
def test_a_checkpoint_of_something_else_does_not_open(tmp_path: Path, state: object) -> None:
    torch.save(state, tmp_path / "best.pt")
    with pytest.raises(WeightsError, match="not a checkpoint"):
        TorchEngine(tmp_path / "best.pt").open()


def test_a_missing_checkpoint_does_not_open(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="train first"):
        TorchEngine(tmp_path / "best.pt").open()


def test_without_pytorch_the_extra_is_named(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "engines.networks.checkpoint", None)
    with pytest.raises(LibraryError, match=r"pip install 'preread\[train\]'"):
        TorchEngine(checkpoint).open()
