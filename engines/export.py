"""Checkpoint to ONNX: one file with logits, heatmap and embedding, checked against PyTorch. Needs PyTorch."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.errors import ExportError
from engines.manifest import sha256_of
from engines.networks.checkpoint import read_network
from engines.networks.explain import Explained
from engines.networks.network import ClassifierNetwork
from engines.spec import EMBEDDING, HEATMAP, IMAGES, LOGITS

MODEL = "model.onnx"
LARGEST_BATCH = 64
_TOLERANCE = 1e-4
"""Relative to the largest value of each output. Seen: 1e-6; more means that the graph is another network."""


@dataclass(frozen=True, slots=True)
class Exported:
    """`difference`: largest one from PyTorch, relative to each output's largest value."""

    path: Path
    sha256: str
    difference: float


def export(checkpoint: Path, folder: Path) -> Exported:
    """Write `folder/model.onnx` from a training checkpoint. Raises WeightsError, ExportError."""
    network, size = read_network(checkpoint)
    return export_network(network, size, folder / MODEL)


def export_network(network: ClassifierNetwork, size: int, path: Path) -> Exported:
    """Write `network`, which takes images of side `size`, to `path`; batch dynamic, weights inside.

    Raises ExportError if ONNX Runtime and PyTorch differ on random images.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    explained = Explained(network.eval().requires_grad_(False))
    with warnings.catch_warnings():
        # PyTorch's exporter calls parts of PyTorch that PyTorch has deprecated; a caller can do nothing.
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        _write(explained, size, path)
    return Exported(path, sha256_of(path), _checked_difference(explained, size, path))


def _write(explained: Explained, size: int, path: Path) -> None:
    from torch.fx.experimental.proxy_tensor import make_fx

    example = torch.rand(2, 1, size, size)
    # torch.export cannot trace torch.func.grad by itself; make_fx first turns it into plain operators.
    graph = make_fx(explained, tracing_mode="symbolic", _allow_non_fake_inputs=True)(example).eval()
    torch.onnx.export(
        graph,
        (example,),
        str(path),
        dynamo=True,
        external_data=False,
        verbose=False,
        input_names=[IMAGES],
        output_names=[LOGITS, HEATMAP, EMBEDDING],
        dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=LARGEST_BATCH)},),
    )


def _checked_difference(explained: Explained, size: int, path: Path) -> float:
    images = torch.rand(3, 1, size, size, generator=torch.Generator().manual_seed(0))
    with OnnxRuntimeEngine(path) as engine:
        outputs = engine.infer({IMAGES: images.numpy()})
    expected = [output.numpy() for output in explained(images)]
    names = (LOGITS, HEATMAP, EMBEDDING)
    difference = max(
        _relative_difference(outputs[name], value) for name, value in zip(names, expected, strict=True)
    )
    if difference > _TOLERANCE:
        raise ExportError(f"{path} differs from PyTorch by {difference:.1e}, more than {_TOLERANCE:.0e}")
    return difference


def _relative_difference(got: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    return float(np.abs(got - expected).max() / max(float(np.abs(expected).max()), _TOLERANCE))
