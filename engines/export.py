"""A network to ONNX: one file with logits, heatmaps and embedding, checked against PyTorch. Needs PyTorch."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.errors import ExportError
from engines.manifest import sha256_of
from engines.networks.checkpoint import read_network
from engines.networks.explain import Explained
from engines.networks.network import Network
from engines.phantoms import phantom
from engines.preprocess import prepare
from engines.stored_half import store_half

MODEL = "model.onnx"
LARGEST_BATCH = 64
_IMAGE = 2
"""Dimensions of one."""
_COARSE = 8
"""Places between two random numbers of a volume."""
_TOLERANCE = 3e-4
"""Relative to the largest value of each output. Seen: 1e-6, and 5e-5 where views are cut out; more means that
the graph is another network.
"""
_TOLERANCE_OF_HALF = 0.05
"""The same where weights are rounded to eleven bits."""


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


def export_network(
    network: Network, size: int | tuple[int, ...], path: Path, *, stores_half: bool = False
) -> Exported:
    """Write `network` to `path`; batch dynamic, weights inside, with `stores_half` rounded to float16.

    `size`: the side of its square images, or the lengths (d, h, w) of its volumes. Several inputs have
    the same. Raises ExportError if ONNX Runtime and PyTorch differ on random images.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lengths = (size, size) if isinstance(size, int) else size
    explained = Explained(network).eval().requires_grad_(False)
    with warnings.catch_warnings():
        # PyTorch's exporter calls parts of PyTorch that PyTorch has deprecated; a caller can do nothing.
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        # Two inputs share one batch on purpose.
        warnings.filterwarnings("ignore", "# The axis name", UserWarning)
        _write(explained, lengths, path)
    difference = _checked_difference(explained, lengths, path, _TOLERANCE)
    if stores_half:
        store_half(path)
        difference = _checked_difference(explained, lengths, path, _TOLERANCE_OF_HALF)
    return Exported(path, sha256_of(path), difference)


def _write(explained: Explained, lengths: tuple[int, ...], path: Path) -> None:
    from torch.fx.experimental.proxy_tensor import make_fx

    examples = _images(explained, 2, lengths)
    # torch.export cannot trace torch.func.grad by itself; make_fx first turns it into plain operators. Only
    # what follows the maps: tracing a whole network with symbols for all lengths takes minutes.
    maps = explained.network.maps_of_each(*examples)
    plain = make_fx(explained.explanation, tracing_mode="symbolic", _allow_non_fake_inputs=True)(*maps)
    batch = torch.export.Dim("batch", min=1, max=LARGEST_BATCH)
    torch.onnx.export(
        explained.with_explanation(plain).eval(),
        examples,
        str(path),
        dynamo=True,
        external_data=False,
        verbose=False,
        input_names=list(explained.inputs),
        output_names=list(explained.outputs),
        dynamic_shapes=(tuple({0: batch} for _ in examples),),  # all are one argument: *images
    )


def _images(explained: Explained, count: int, lengths: tuple[int, ...]) -> tuple[torch.Tensor, ...]:
    """Drawn ultrasound images, or smooth volumes. On noise, a network that cuts views out may sit on the
    fence, where a rounding error is another view.
    """
    first = [count * place for place in range(len(explained.inputs))]  # no two inputs are the same tensor
    if len(lengths) == _IMAGE:
        return tuple(_phantoms(range(start, start + count), lengths[0]) for start in first)
    return tuple(_volumes(count, lengths, seed) for seed in first)


def _phantoms(numbers: Sequence[int], size: int) -> torch.Tensor:
    return torch.from_numpy(np.stack([prepare(phantom(number), size).tensor for number in numbers]))


def _volumes(count: int, lengths: tuple[int, ...], seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    shape = [max(2, length // _COARSE) for length in lengths]
    coarse = torch.rand(count, 1, *shape, generator=generator)
    return functional.interpolate(coarse, lengths, mode="trilinear")


def _checked_difference(
    explained: Explained, lengths: tuple[int, ...], path: Path, tolerance: float
) -> float:
    images = _images(explained, 3, lengths)
    arrays = {name: one.numpy() for name, one in zip(explained.inputs, images, strict=True)}
    with OnnxRuntimeEngine(path) as engine:
        outputs = engine.infer(arrays)
    expected = zip(explained.outputs, explained(*images), strict=True)
    difference = max(_relative_difference(outputs[name], value.numpy()) for name, value in expected)
    if difference > tolerance:
        raise ExportError(f"{path} differs from PyTorch by {difference:.1e}, more than {tolerance:.0e}")
    return difference


def _relative_difference(got: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    return float(np.abs(got - expected).max() / max(float(np.abs(expected).max()), _TOLERANCE))
