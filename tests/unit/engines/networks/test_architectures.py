from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.errors import RecipeError
from engines.export import Exported, export_network
from engines.networks.catalog import ARCHITECTURES, VOLUMES, build_network
from engines.networks.explain import Explained
from engines.networks.torchvision_ops import define_missing_operators
from engines.plans.build import build_plan
from engines.plans.profile import BatchProfile
from engines.spec import HEATMAP, HEATMAP_CT
from tests.unit.engines.networks.shortened import EVERY, shortened
from tests.unit.engines.plans.vendors import tensorrt_rtx

FIXED = {"alexnet": 224, "vgg16": 224, "vit_b_16": 224}
SMALL = {"inception_v3": 139}
VOLUME = (32, 64, 96)
CLASSES = 2


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    network: Any
    images: tuple[torch.Tensor, ...]
    exported: Exported

    def run(self, *images: torch.Tensor) -> dict[str, NDArray[np.float32]]:
        arrays = zip(self.network.inputs, images, strict=True)
        with OnnxRuntimeEngine(self.exported.path) as engine:
            return engine.infer({name: one.numpy() for name, one in arrays})


def size_of(name: str) -> int:
    return FIXED.get(name) or SMALL.get(name, 96)


def images_of(name: str) -> tuple[torch.Tensor, ...]:
    if name == "densenet121_3d":
        coarse = torch.rand(2, 1, 5, 5, 5, generator=torch.Generator().manual_seed(1))
        return (functional.interpolate(coarse, size=VOLUME, mode="trilinear"),)
    images = smooth_images(size_of(name))
    return (images, images.flip(3)) if name == "fusion_resnet50_cbam" else (images,)


def smooth_images(size: int, batch: int = 2) -> torch.Tensor:
    coarse = torch.rand(batch, 1, 5, 5, generator=torch.Generator().manual_seed(1))
    return functional.interpolate(coarse, size=(size, size), mode="bilinear")


def fit_batch_norm(network: nn.Module, *images: torch.Tensor) -> None:
    """Without it, signals die out or explode in random weights, and any comparison is void.

    Fitted to noise, too, since that is what export compares with.
    """
    kinds = (nn.BatchNorm2d, nn.BatchNorm3d)
    for norm in (module for module in network.modules() if isinstance(module, kinds)):
        norm.momentum = 1.0
        norm.train()
    with torch.no_grad():
        network(*(torch.cat((one, torch.rand_like(one))) for one in images))
    network.eval()


def network_with_evidence(name: str, images: tuple[torch.Tensor, ...]) -> Any:
    """Random weights that speak for malignant somewhere: contributions of one sign do not cancel out."""
    torch.manual_seed(0)
    network = shortened(name)
    network.eval().requires_grad_(False)
    fit_batch_norm(network, *images)
    linear = [module for module in network.modules() if isinstance(module, nn.Linear)]
    last = [module for module in linear if module.out_features == CLASSES][-1]
    last.weight.copy_(last.weight.abs() * torch.tensor([[-1.0], [1.0]]))
    if Explained(network)(*images)[1].max() == 0:
        last.weight.neg_()
    return network


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", params=sorted(EVERY))
def case(
    request: pytest.FixtureRequest, one_thread: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Case]:
    name: str = request.param
    images = images_of(name)
    network = network_with_evidence(name, images)
    size = VOLUME if name == "densenet121_3d" else size_of(name)
    exported = export_network(network, size, tmp_path_factory.mktemp(name) / "model.onnx")
    yield Case(name, network, images, exported)
    exported.path.unlink()  # up to half a gigabyte


def test_the_graph_equals_pytorch_for_another_batch_than_the_traced_one(case: Case) -> None:
    assert case.exported.difference < 1e-4
    explained = Explained(case.network)
    first = tuple(one[:1] for one in case.images)
    outputs = case.run(*first)
    for name, value in zip(explained.outputs, explained(*first), strict=True):
        # Deep networks differ a little more on processors without AVX-512.
        np.testing.assert_allclose(outputs[name], value.numpy(), rtol=0, atol=2e-4 * float(value.abs().max()))


class OneInput(nn.Module):  # type: ignore[misc]
    """The network with all inputs but one held fast: the grad-cam package knows one input only."""

    def __init__(self, case: Case, index: int) -> None:
        super().__init__()
        self.network, self.images, self.index = case.network, case.images, index

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        before, after = self.images[: self.index], self.images[self.index + 1 :]
        return self.network(*before, images, *after)


def package_heatmap(case: Case, index: int) -> NDArray[np.float32]:
    """On the maps' grid, before the package scales to 0..1 and up to the image."""
    define_missing_operators()  # the package imports torchvision
    from pytorch_grad_cam import GradCAM

    targets = [lambda logits: logits[1] - logits[0]] * len(case.images[index])
    features = case.network.features
    if isinstance(features, nn.ModuleDict):
        features = list(features.values())[index]
    case.network.requires_grad_(True)
    with GradCAM(model=OneInput(case, index), target_layers=[features]) as cam:
        cam(input_tensor=case.images[index], targets=targets)
        seen = cam.activations_and_grads
        maps, gradient = seen.activations[0].numpy(), seen.gradients[0].numpy()
        raw = cam.get_cam_image(case.images[index], features, targets, maps, gradient)
    case.network.requires_grad_(False)
    heatmap: NDArray[np.float32] = np.maximum(raw, 0)
    return heatmap


def test_every_heatmap_is_that_of_the_grad_cam_package(case: Case) -> None:
    if hasattr(case.network.head, "explained"):
        pytest.skip("its heatmap is not Grad-CAM: test_lesion.py")
    outputs = case.run(*case.images)
    wanted = [package_heatmap(case, index) for index in range(len(case.images))]
    assert outputs[HEATMAP].max() > 0
    for name, heatmap in zip((HEATMAP, HEATMAP_CT), wanted, strict=False):  # most have one input
        np.testing.assert_allclose(outputs[name], heatmap, rtol=0, atol=1e-3 * heatmap.max())


def test_tensorrt_rtx_builds_a_plan_of_the_graph(case: Case) -> None:
    vendor = tensorrt_rtx()
    plan = build_plan(case.exported.path, BatchProfile(1, 8, 32), vendor=vendor)
    assert len(plan) > case.exported.path.stat().st_size / 2  # the weights are in it, none of them narrowed
    assert vendor.log.take_errors() == []


@pytest.mark.parametrize("name", sorted(VOLUMES))
def test_a_recipe_that_names_a_volume_is_refused(name: str) -> None:
    with pytest.raises(RecipeError, match="recipes train on images"):
        build_network(name, weights=None)


def torchvision_twin(name: str) -> Any:
    define_missing_operators()
    from torchvision import models

    init = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    return models.get_model("resnet50" if name == "resnet50_cbam" else name, weights=None, **init)


@pytest.mark.parametrize(
    "name",
    sorted(set(ARCHITECTURES) - {"fusion_resnet50_cbam", "lesion_mobilenet_v2", "resnet50_cbam", "vit_b_16"}),
)
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
