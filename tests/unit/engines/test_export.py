from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from engines import export as exporting
from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.errors import ExportError, WeightsError
from engines.manifest import sha256_of
from engines.networks.explain import Explained
from engines.networks.torchvision_ops import define_missing_operators
from engines.spec import HEATMAP, IMAGES
from tests.unit.engines.builders import SIZE, seeded_network


class MalignantMinusBenign:
    def __call__(self, logits: torch.Tensor) -> torch.Tensor:
        return logits[1] - logits[0]


def test_the_graph_s_heatmap_is_that_of_the_grad_cam_package(tiny_onnx: Path) -> None:
    define_missing_operators()
    from pytorch_grad_cam import GradCAM

    network = seeded_network().requires_grad_(True)
    images = torch.rand(3, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(3))
    with GradCAM(model=network, target_layers=[network.features]) as cam:
        expected = cam(input_tensor=images, targets=[MalignantMinusBenign()] * 3)
    with OnnxRuntimeEngine(tiny_onnx) as engine:
        heatmaps = engine.infer({IMAGES: images.numpy()})[HEATMAP]

    # The package scales each map up to the image's size, and to 0..1 before and after.
    for heatmap, wanted in zip(heatmaps, expected, strict=True):
        assert heatmap.max() > 0
        grid = torch.nn.functional.interpolate(
            torch.from_numpy(heatmap)[None, None], size=(SIZE, SIZE), mode="bilinear"
        )[0, 0].numpy()
        scaled = (grid - grid.min()) / (grid.max() - grid.min())
        np.testing.assert_allclose(scaled, wanted, atol=1e-2)


def test_the_graph_takes_any_batch_and_holds_its_weights(tiny_onnx: Path) -> None:
    graph = onnx.load(tiny_onnx, load_external_data=False).graph
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param
    assert not any(tensor.external_data for tensor in graph.initializer)
    assert list(tiny_onnx.parent.iterdir()) == [tiny_onnx]


def test_a_graph_that_is_another_network_is_refused(tiny_onnx: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_the_first(_: Explained, __: tuple[int, ...], path: Path) -> None:
        path.write_bytes(tiny_onnx.read_bytes())

    monkeypatch.setattr(exporting, "_write", write_the_first)
    with pytest.raises(ExportError, match="differs from PyTorch"):
        exporting.export_network(seeded_network(seed=9), SIZE, tiny_onnx.parent / "other" / "model.onnx")


def test_the_hash_of_what_was_written_is_returned(
    tiny_onnx: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def write_the_same(_: Explained, __: tuple[int, ...], path: Path) -> None:
        path.write_bytes(tiny_onnx.read_bytes())

    monkeypatch.setattr(exporting, "_write", write_the_same)
    exported = exporting.export_network(seeded_network(), SIZE, tmp_path / "model.onnx")
    assert exported.sha256 == sha256_of(tiny_onnx)
    assert exported.difference < 1e-4


def test_a_checkpoint_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="train first"):
        exporting.export(tmp_path / "best.pt", tmp_path)
