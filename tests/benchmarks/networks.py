"""Networks to measure: random weights from a seed, since what a network takes does not depend on them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from engines.catalog import find_classifiers
from engines.export import export_network
from engines.manifest import FILE, Manifest, read_manifest, sha256_of
from engines.networks.explain import Explained
from engines.networks.network import ClassifierNetwork, MeanHead
from engines.networks.resnet import resnet50
from engines.quantise.network import Quantiser
from engines.spec import IMAGES, LOGITS

RESNET50, TINY = "resnet50", "tiny"
_SIZES = {RESNET50: 224, TINY: 32}
_CALIBRATION_IMAGES = 16
_TINY_CHANNELS = 8


@dataclass(frozen=True, slots=True)
class Exported:
    """One network in every form that is measured. All but `forward_only` give the heatmap too.

    `forward_only`: the same graph cut off at the logits, as is `int8_forward_only`. `int8`: QDQ, its scales
    from random images.
    """

    architecture: str
    network: Any
    size: int
    onnx: Path
    forward_only: Path
    int8: Path
    int8_forward_only: Path

    def images(self, count: int) -> NDArray[np.float32]:
        """A batch in 0..1, the same at every call."""
        return random_images(count, self.size)


def export_random(architecture: str, folder: Path) -> Exported:
    """Build, export and quantise RESNET50 or TINY."""
    size = _SIZES[architecture]
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    network = resnet50(None) if architecture == RESNET50 else _tiny()
    network.eval().requires_grad_(False)
    onnx = export_network(network, size, folder / f"{architecture}.onnx").path
    forward_only = folder / f"{architecture}-forward.onnx"
    _cut_off(onnx, forward_only)
    int8 = folder / f"{architecture}-int8.onnx"
    Quantiser(onnx, random_images(_CALIBRATION_IMAGES, size), folder).write(int8, in_float32=0)
    int8_forward_only = folder / f"{architecture}-int8-forward.onnx"
    _cut_off(int8, int8_forward_only)
    explained = Explained(network).eval()
    return Exported(architecture, explained, size, onnx, forward_only, int8, int8_forward_only)


def random_images(count: int, size: int) -> NDArray[np.float32]:
    """Float32 (count, 1, size, size) in 0..1, the same at every call."""
    return np.random.default_rng(0).random((count, 1, size, size), dtype=np.float32)


def temporary_classifier(folder: Path, exported: Exported) -> Manifest:
    """A classifier in `folder`, called after its architecture: the shipped manifest around random weights.

    For measuring only: its answers mean nothing.
    """
    shipped = find_classifiers()["us-mass"]
    text = (shipped.folder / FILE).read_text(encoding="utf-8")
    text = re.sub(r"(?m)^\[(int8|guard)\]\n[^\[]*", "", text)  # they are of the shipped weights
    text = text.replace(f'name = "{shipped.name}"', f'name = "random-{exported.architecture}"', 1)
    text = text.replace(f"size = {shipped.input.size}", f"size = {exported.size}", 1)
    text = text.replace(shipped.weights.sha256, sha256_of(exported.onnx), 1)
    folder.mkdir(parents=True)
    (folder / shipped.weights.file).write_bytes(exported.onnx.read_bytes())
    (folder / FILE).write_text(text, encoding="utf-8")
    return read_manifest(folder / FILE)


def _cut_off(onnx: Path, path: Path) -> None:
    from onnx.utils import extract_model

    extract_model(str(onnx), str(path), [IMAGES], [LOGITS])


def _tiny() -> ClassifierNetwork:
    features = nn.Sequential(
        nn.Conv2d(3, _TINY_CHANNELS, 3, stride=4, padding=1), nn.BatchNorm2d(_TINY_CHANNELS), nn.ReLU()
    )
    return ClassifierNetwork(features, MeanHead(_TINY_CHANNELS, dropout=0.0))
