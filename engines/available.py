"""What can run a classifier on this machine, and why the rest cannot."""

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import assert_never

from engines.backends.cuda import current_gpu
from engines.backends.onnxruntime import installed_version, offers_cuda
from engines.choice import Backend, EngineChoice, check_precision
from engines.errors import ChoiceError, GpuError, LibraryError
from engines.plans.vendor import installed_vendor


@dataclass(frozen=True, slots=True)
class Available:
    """`detail`: library, version and processor; where `here` is false, what is missing and what to do."""

    backend: Backend
    here: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A choice whose backend is no longer `auto`, and why it is that one."""

    choice: EngineChoice
    reason: str


def available(backend: Backend, device: int = 0) -> Available:
    """Whether `backend` can run here, on GPU number `device` where it needs one. Imports no PyTorch."""
    match backend:
        case Backend.AUTO:
            settled = settle(EngineChoice(Backend.AUTO, device=device))
            return Available(backend, True, f"{settled.choice.backend}: {settled.reason}")
        case Backend.TENSORRT:
            return _tensorrt(device)
        case Backend.ONNXRUNTIME:
            return _onnxruntime()
        case Backend.ONNXRUNTIME_CUDA:
            return _onnxruntime_cuda(device)
        case Backend.TORCH:
            return _torch()
        case _:
            assert_never(backend)


def settle(choice: EngineChoice) -> Settled:
    """Turn `auto` into a backend. Raises ChoiceError where the choice cannot be had on this machine."""
    if choice.backend is not Backend.AUTO:
        found = available(choice.backend, choice.device)
        if not found.here:
            raise ChoiceError(f"the backend {choice.backend} cannot run here: {found.detail}")
        check_precision(choice)
        return Settled(choice, "it was chosen")
    tensorrt = _tensorrt(choice.device)
    onnxruntime = _onnxruntime()
    if not tensorrt.here and not onnxruntime.here:
        raise ChoiceError(f"nothing can run a network here: {onnxruntime.detail}; {tensorrt.detail}")
    backend = Backend.TENSORRT if tensorrt.here else Backend.ONNXRUNTIME
    settled = replace(choice, backend=backend)
    try:
        check_precision(settled)
    except ChoiceError as error:
        raise ChoiceError(f"{error}. TensorRT cannot run here: {tensorrt.detail}") from error
    return Settled(settled, tensorrt.detail if tensorrt.here else f"no TensorRT here: {tensorrt.detail}")


def _tensorrt(device: int) -> Available:
    try:
        vendor, gpu = installed_vendor(), current_gpu(device)
    except (LibraryError, GpuError) as reason:
        return Available(Backend.TENSORRT, False, str(reason))
    why_not = vendor.why_not(gpu)
    if why_not:
        return Available(Backend.TENSORRT, False, why_not)
    return Available(Backend.TENSORRT, True, f"{vendor.flavour} {vendor.version} on {gpu.name}")


def _onnxruntime() -> Available:
    try:
        return Available(Backend.ONNXRUNTIME, True, f"ONNX Runtime {installed_version()} on the CPU")
    except LibraryError as reason:
        return Available(Backend.ONNXRUNTIME, False, str(reason))


def _onnxruntime_cuda(device: int) -> Available:
    onnxruntime = _onnxruntime()
    if not onnxruntime.here:
        return Available(Backend.ONNXRUNTIME_CUDA, False, onnxruntime.detail)
    if offers_cuda():
        detail = f"ONNX Runtime {installed_version()} on GPU {device}"
        return Available(Backend.ONNXRUNTIME_CUDA, True, detail)
    missing = "this ONNX Runtime has no CUDA: install onnxruntime-gpu in its place"
    return Available(Backend.ONNXRUNTIME_CUDA, False, missing)


def _torch() -> Available:
    if find_spec("torch") is not None:
        return Available(Backend.TORCH, True, "PyTorch on the CPU")
    return Available(Backend.TORCH, False, "PyTorch is not installed: pip install 'preread[train]'")
