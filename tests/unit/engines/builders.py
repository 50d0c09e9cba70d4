from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from engines.manifest import FILE, Manifest, read_manifest, sha256_of
from engines.networks.lesion.finder import Finder
from engines.networks.lesion.judge import Judge
from engines.networks.lesion.network import LesionNetwork
from engines.networks.lesion.pyramid import Pyramid
from engines.networks.network import ClassifierNetwork, MeanHead

SIZE = 32
CHANNELS = 6

CATEGORIES = "".join(
    f'[[categories]]\ncategory = "{name}"\nlow = {low}\nhigh = {high}\n'
    for name, low, high in (
        ("3", 0.0, 0.02),
        ("4A", 0.02, 0.1),
        ("4B", 0.1, 0.5),
        ("4C", 0.5, 0.95),
        ("5", 0.95, 1.0),
    )
)


def decided_text(name: str = "tiny", size: int = SIZE) -> str:
    return f"""
name = "{name}"
version = "0.1.0"
title = "Tiny"
intended_use = "Tests"
classes = ["benign", "malignant"]
licence = "Apache-2.0"

[criteria]
modalities = ["US"]
body_parts = ["BREAST"]

[input]
size = {size}
channels = 1
scaling = "unit"

{CATEGORIES}
[tolerance]
probability = 0.001
heatmap = 0.01

[[sources]]
name = "noise"
licence = "none"
citation = "none"
"""


def manifest_text(name: str = "tiny", sha256: str = "0" * 64) -> str:
    return f"""{decided_text(name)}
[calibration]
slope = 1.5
intercept = -0.5

[operating_point]
name = "sensitivity 90 %"
threshold = 0.3
sensitivity = {{ value = 0.9, low = 0.8, high = 0.95 }}
specificity = {{ value = 0.7, low = 0.6, high = 0.8 }}
measured_on = "noise"

[weights]
file = "model.onnx"
sha256 = "{sha256}"
"""


def write_manifest(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_text(text, encoding="utf-8")
    return path


def classifier_folder(folder: Path, onnx: Path) -> Manifest:
    path = write_manifest(folder, manifest_text(sha256=sha256_of(onnx)))
    (folder / "model.onnx").write_bytes(onnx.read_bytes())
    return read_manifest(path)


def tiny_network(weights: str | None = None, dropout: float = 0.0) -> ClassifierNetwork:
    """Two convolutions with batch norm; 32 px give maps of 8 x 8."""
    assert weights is None
    features = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, CHANNELS, 3, stride=2, padding=1), nn.BatchNorm2d(CHANNELS), nn.ReLU()),
        nn.Sequential(nn.Conv2d(CHANNELS, CHANNELS, 3, stride=2, padding=1), nn.ReLU()),
    )
    return ClassifierNetwork(features, MeanHead(CHANNELS, dropout))


def tiny_lesion_network(weights: str | None = None, dropout: float = 0.0, width: int = 8) -> LesionNetwork:
    """A finder of four convolutions and a judge of two."""
    assert weights is None
    channels = (3, CHANNELS, CHANNELS, CHANNELS, CHANNELS)
    parts = [
        nn.Sequential(nn.Conv2d(before, after, 5, stride, 2), nn.BatchNorm2d(after), nn.ReLU())
        for (before, after), stride in zip(pairwise(channels), (4, 2, 2, 2), strict=True)
    ]
    judge = Judge(tiny_network().features, CHANNELS, dropout)
    return LesionNetwork(Finder(Pyramid(parts, channels[1:]), width), [judge])


def seeded_network(seed: int = 0) -> ClassifierNetwork:
    torch.manual_seed(seed)
    network = tiny_network()
    network.eval().requires_grad_(False)
    return network


def noise(rows: int = 40, columns: int = 60, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (rows, columns), dtype=np.uint8)


def lesion_image(malignant: bool, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Gray speckle with a disc: dark if malignant, bright if benign."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:48, :64]
    centre = rng.uniform(18, 30), rng.uniform(20, 44)
    mask = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < rng.uniform(7, 11) ** 2
    gray = rng.normal(120, 15, mask.shape)
    gray[mask] += -100 if malignant else 100
    return gray.clip(0, 255).astype(np.uint8), mask


def write_bus_bra(root: Path, patients: int = 30, folds: int = 5) -> Path:
    """A data set in BUS-BRA's form: two images a patient, every third patient malignant, `folds` from 1."""
    folder = root / "bus-bra"
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    data, divided = ["ID,Case,Pathology,BIRADS,Device"], ["ID,Pathology,kFold"]
    for patient in range(patients):
        label = "malignant" if patient % 3 == 0 else "benign"
        birads = 5 if label == "malignant" else 3
        for side in "lr":
            name = f"{patient:04d}-{side}"
            gray, mask = lesion_image(label == "malignant", 2 * patient + (side == "r"))
            Image.fromarray(gray).save(folder / "images" / f"bus_{name}.png")
            Image.fromarray(mask).save(folder / "masks" / f"mask_{name}.png")
            data.append(f"bus_{name},{patient},{label},{birads},Scanner {patient % 2} @10MHz")
            divided.append(f"bus_{name},{label},{patient // 3 % folds + 1}")
    (folder / "bus_data.csv").write_text("\n".join(data) + "\n")
    (folder / "5-fold-cv.csv").write_text("\n".join(divided) + "\n")
    return root
