from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.errors import RecipeError
from engines.export import Exported, export_network
from engines.networks.catalog import ARCHITECTURES, build_network
from engines.networks.explain import Explained
from engines.networks.network import ClassifierNetwork
from engines.networks.torchvision_ops import define_missing_operators
from engines.spec import EMBEDDING, HEATMAP, IMAGES, LOGITS

FIXED = {"alexnet": 224, "vgg16": 224, "vit_b_16": 224}
SMALL = {"inception_v3": 139}
BLOCKS = 2  # of the twelve equal ones: ten more only cost a minute


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    network: ClassifierNetwork
    images: torch.Tensor
    exported: Exported


def size_of(name: str) -> int:
    return FIXED.get(name) or SMALL.get(name, 96)


def smooth_images(size: int, batch: int = 3) -> torch.Tensor:
    coarse = torch.rand(batch, 1, 5, 5, generator=torch.Generator().manual_seed(1))
    return functional.interpolate(coarse, size=(size, size), mode="bilinear")


def fit_batch_norm(network: nn.Module, images: torch.Tensor) -> None:
    """Without it, signals die out or explode in random weights, and any comparison is void.

    Fitted to noise, too, since that is what export compares with.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    with torch.no_grad():
        network(torch.cat((images, torch.rand_like(images))))
    network.eval()


def network_with_evidence(name: str, images: torch.Tensor) -> ClassifierNetwork:
    """Random weights that speak for malignant somewhere: contributions of one sign do not cancel out."""
    torch.manual_seed(0)
    network = build_network(name, weights=None)
    network.eval().requires_grad_(False)
    if name == "vit_b_16":
        tokens, *blocks, maps = network.features
        network.features = nn.Sequential(tokens, *blocks[:BLOCKS], maps)
    fit_batch_norm(network, images)
    last = [module for module in network.head.modules() if isinstance(module, nn.Linear)][-1]
    last.weight.copy_(last.weight.abs() * torch.tensor([[-1.0], [1.0]]))
    if Explained(network)(images)[1].max() == 0:
        last.weight.neg_()
    return network


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def case(
    request: pytest.FixtureRequest, one_thread: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Case]:
    name: str = request.param
    images = smooth_images(size_of(name))
    network = network_with_evidence(name, images)
    exported = export_network(network, size_of(name), tmp_path_factory.mktemp(name) / "model.onnx")
    yield Case(name, network, images, exported)
    exported.path.unlink()  # up to half a gigabyte


def test_the_graph_equals_pytorch_for_another_batch_than_the_traced_one(case: Case) -> None:
    assert case.exported.difference < 1e-4
    batch = case.images[:1]
    with OnnxRuntimeEngine(case.exported.path) as engine:
        outputs = engine.infer({IMAGES: batch.numpy()})
    expected = Explained(case.network)(batch)
    for name, value in zip((LOGITS, HEATMAP, EMBEDDING), expected, strict=True):
        np.testing.assert_allclose(outputs[name], value.numpy(), rtol=0, atol=1e-4 * float(value.abs().max()))


def test_the_heatmap_is_that_of_the_grad_cam_package(case: Case) -> None:
    from pytorch_grad_cam import GradCAM

    def malignant_minus_benign(logits: torch.Tensor) -> torch.Tensor:
        return logits[1] - logits[0]

    case.network.requires_grad_(True)
    with GradCAM(model=case.network, target_layers=[case.network.features]) as cam:
        wanted = cam(input_tensor=case.images, targets=[malignant_minus_benign] * len(case.images))
    case.network.requires_grad_(False)
    with OnnxRuntimeEngine(case.exported.path) as engine:
        heatmaps = torch.from_numpy(engine.infer({IMAGES: case.images.numpy()})[HEATMAP])

    # The package scales each map to 0..1 and up to the image's size.
    assert heatmaps.max() > 0
    grids = functional.interpolate(heatmaps[:, None], size=case.images.shape[2:], mode="bilinear")[:, 0]
    lowest, highest = grids.amin((1, 2), keepdim=True), grids.amax((1, 2), keepdim=True)
    np.testing.assert_allclose((grids - lowest) / (highest - lowest).clamp(min=1e-7), wanted, atol=1e-2)


def torchvision_twin(name: str) -> Any:
    define_missing_operators()
    from torchvision import models

    init = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    return models.get_model("resnet50" if name == "resnet50_cbam" else name, weights=None, **init)


@pytest.mark.parametrize("name", sorted(set(ARCHITECTURES) - {"resnet50_cbam", "vit_b_16"}))
def test_the_maps_and_torchvision_s_own_classes_give_torchvision_s_logits(
    name: str, one_thread: None, tmp_path: Path
) -> None:
    images = smooth_images(size_of(name), batch=2)
    twin = torchvision_twin(name).eval()
    fit_batch_norm(twin, images.expand(-1, 3, -1, -1))
    torch.save(twin.state_dict(), tmp_path / "weights.pt")
    twin.transform_input = True  # as with published weights; only GoogLeNet and Inception-v3 have it
    network = build_network(name, str(tmp_path / "weights.pt")).eval()
    (tmp_path / "weights.pt").unlink()

    with torch.no_grad():
        expected = twin(network.normalize(images))
        maps = network.maps(images)
        classes = twin.fc if hasattr(twin, "fc") else twin.classifier
        logits = classes(maps.flatten(1) if name in ("alexnet", "vgg16") else maps.mean((2, 3)))

    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-4 * float(expected.abs().max()))
    assert (expected[0] - expected[1]).abs().max() > 1e-2 * expected.abs().max()  # not the biases alone


@pytest.mark.parametrize("name", sorted(FIXED))
def test_an_architecture_of_one_size_refuses_others(name: str) -> None:
    network = build_network(name, weights=None).eval()
    with torch.no_grad(), pytest.raises(RecipeError, match="224"):
        network(torch.zeros(1, 1, 96, 96))
