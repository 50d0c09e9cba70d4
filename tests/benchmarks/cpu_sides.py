"""One network behind every backend of the CPU, each as a function of a batch."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.spec import IMAGES
from tests.benchmarks.networks import Exported

EAGER, COMPILED = "torch eager fp32", "torch.compile fp32"
ORT, ORT_INT8, FORWARD = "ONNX Runtime fp32", "ONNX Runtime int8", "ONNX Runtime fp32, logits only"
OPENVINO = "OpenVINO fp32"

Run = Callable[[NDArray[np.float32]], object]
"""Takes float32 (n, 1, size, size)."""


def cpu_sides(exported: Exported, threads: int, resources: ExitStack) -> dict[str, Run]:
    """Every backend that is installed, by name, but for COMPILED. PyTorch's threads are the process's."""
    sides = {
        EAGER: torch_run(exported.network),
        ORT: onnxruntime_run(exported.onnx, threads, resources),
        ORT_INT8: onnxruntime_run(exported.int8, threads, resources),
        FORWARD: onnxruntime_run(exported.forward_only, threads, resources),
    }
    if find_spec("openvino") is not None:
        sides[OPENVINO] = _openvino_run(exported.onnx, threads)
    return sides


def compiled_run(exported: Exported, images: NDArray[np.float32]) -> tuple[Run | None, str]:
    """The network compiled for this very batch size; or None, and why it does not compile here."""
    # Frozen weights let it fold batch norms into convolutions, as the other backends do.
    run = torch_run(torch.compile(exported.network, dynamic=False, options={"freezing": True}))
    try:
        run(images)
    except RuntimeError as reason:
        return None, str(reason).strip().splitlines()[0]
    return run, ""


def torch_run(network: Callable[[torch.Tensor], object]) -> Run:
    """A network of PyTorch."""
    return partial(_without_gradients, network)


def onnxruntime_run(onnx: Path, threads: int, resources: ExitStack) -> Run:
    """An ONNX file; `resources` closes it."""
    engine = resources.enter_context(OnnxRuntimeEngine(onnx, threads))
    return lambda images: engine.infer({IMAGES: images})


def _openvino_run(onnx: Path, threads: int) -> Run:
    openvino = import_module("openvino")
    options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    # It would compute in bfloat16 by itself where the processor can.
    compiled = openvino.Core().compile_model(onnx, "CPU", options | {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda images: compiled([images])


def _without_gradients(network: Callable[[torch.Tensor], object], images: NDArray[np.float32]) -> object:
    with torch.no_grad():
        return network(torch.from_numpy(images))
