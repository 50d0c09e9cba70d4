"""Which engine shall run a classifier, as a value; `engines.open_engine` opens it."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from engines.errors import ChoiceError
from engines.plans.profile import BatchProfile
from engines.precision import Precision


class Backend(StrEnum):
    """`auto` is TensorRT where it and a GPU answer, else ONNX Runtime on the CPU.

    `onnxruntime-cuda` needs the package onnxruntime-gpu in place of onnxruntime; `torch` is for comparing.
    """

    AUTO = "auto"
    TENSORRT = "tensorrt"
    ONNXRUNTIME = "onnxruntime"
    ONNXRUNTIME_CUDA = "onnxruntime-cuda"
    TORCH = "torch"


OFFERED = {
    Backend.AUTO: tuple(Precision),
    Backend.TENSORRT: tuple(Precision),
    Backend.ONNXRUNTIME: (Precision.FP32, Precision.INT8),
    Backend.ONNXRUNTIME_CUDA: (Precision.FP32,),
    Backend.TORCH: (Precision.FP32,),
}
"""Precisions by backend. A CPU has no tf32, and computes float16 more slowly than float32."""


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """As it stands: ONNX Runtime on one thread of the CPU in float32, which works everywhere.

    `threads`: of one call, for ONNX Runtime; 0 is one per core. `device`: the GPU's number. For TensorRT:
    `plan_folder`, the plan cache; `build_missing`, whether a plan that is not there is built, which takes
    seconds to minutes; `profile`, the batch sizes that plans are for.
    """

    backend: Backend = Backend.ONNXRUNTIME
    precision: Precision = Precision.FP32
    threads: int = 1
    device: int = 0
    plan_folder: Path = Path("preread-data/plans")
    build_missing: bool = True
    profile: BatchProfile = field(default_factory=BatchProfile)


EVERYWHERE = EngineChoice()
"""One thread of ONNX Runtime on the CPU in float32: what the figures of a classifier are measured with."""


def check_precision(choice: EngineChoice) -> None:
    """Raise ChoiceError unless the backend computes in this precision; it says which ones it has."""
    offered = OFFERED[choice.backend]
    if choice.precision not in offered:
        raise ChoiceError(
            f"{choice.backend} does not compute in {choice.precision}; it offers {', '.join(offered)}. "
            "Choose one of these, or another backend"
        )
