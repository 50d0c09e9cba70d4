"""One network in PyTorch and TensorRT on a GPU, each as a function from a batch on the host to answers there.

Copies to the GPU and back are part of every side, as they are of every use.
"""

from collections.abc import Callable
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engines.backends.cuda import current_gpu
from engines.backends.tensorrt import TensorRtEngine
from engines.plans.cache import PlanCache
from engines.plans.gpu import ANY_GPU
from engines.plans.obtain import obtain_plan
from engines.plans.profile import BatchProfile
from engines.plans.vendor import Flavour, installed_vendor
from engines.precision import Precision
from engines.spec import IMAGES
from tests.benchmarks.networks import Exported

Run = Callable[[NDArray[np.float32]], object]
EAGER_FP32, EAGER_FP16 = "torch eager fp32", "torch eager fp16"
COMPILED_FP16 = "torch.compile fp16, CUDA graphs"
PROFILE = BatchProfile(1, 32, 256)


def torch_gpu_sides(exported: Exported) -> dict[str, Run]:
    """PyTorch as it comes; in fp32 it lets cuDNN multiply in TF32."""
    full = deepcopy(exported.network).cuda()
    half = deepcopy(exported.network).half().cuda()
    return {
        EAGER_FP32: _torch_run(full, torch.float32),
        EAGER_FP16: _torch_run(half, torch.float16),
    }


def compiled_gpu_side(exported: Exported, images: NDArray[np.float32]) -> Run:
    """Compiled for this very batch size, with CUDA graphs. Raises RuntimeError where that does not work."""
    torch.compiler.reset()  # graphs of other batch sizes would stay in the GPU's memory
    half = deepcopy(exported.network).half().cuda()
    run = _torch_run(torch.compile(half, mode="reduce-overhead", dynamic=False), torch.float16)
    for _ in range(3):  # the second call records the graph, the third replays it
        run(images)
    return run


def tensorrt_name(precision: Precision, heatmap: bool) -> str:
    """How results call a plan."""
    return f"TensorRT {precision}{'' if heatmap else ', logits only'}"


def tensorrt_side(
    exported: Exported, precision: Precision, heatmap: bool, plans: Path, resources: ExitStack
) -> Run:
    """A plan, built unless it is in `plans`; `resources` closes it. Raises EngineError."""
    onnx = exported.onnx if heatmap else exported.forward_only
    if precision is Precision.INT8:
        onnx = exported.int8 if heatmap else exported.int8_forward_only
    vendor = installed_vendor()
    gpu = ANY_GPU if vendor.flavour is Flavour.TENSORRT_RTX else current_gpu()
    plan = obtain_plan(onnx, gpu, vendor, PlanCache(plans), PROFILE, precision)
    engine = resources.enter_context(TensorRtEngine(plan, vendor))
    return lambda images: engine.infer({IMAGES: images})


def _torch_run(network: Callable[[torch.Tensor], Any], dtype: torch.dtype) -> Run:
    def run(images: NDArray[np.float32]) -> object:
        with torch.no_grad():
            answers = network(torch.from_numpy(images).cuda().to(dtype))
            return [answer.float().cpu() for answer in answers]

    return run
