"""TensorRT or TensorRT-RTX: the same API under two names, and here all that differs.

TensorRT builds for the GPU it finds; it needs one to build. TensorRT-RTX builds without a GPU, for every GPU
that it supports, and compiles the rest on the GPU when the plan is loaded. Its networks are always strongly
typed: each tensor keeps the type that the ONNX file gives it, so it has no flags that let the builder choose
float16 or eight-bit integers. TensorRT 10 has them. Where a version lacks them the graph itself must say it:
`engines.plans.build` hands such a version a float16 graph, and the eight-bit graph says it in any case.
"""

import importlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from engines.errors import LibraryError, PlanError
from engines.plans.gpu import ANY_GPU, Gpu
from engines.precision import Precision


class Flavour(StrEnum):
    """The two libraries, by module name."""

    TENSORRT = "tensorrt"
    TENSORRT_RTX = "tensorrt_rtx"


_OLDEST = (8, 0)
"""TensorRT-RTX builds for 7.5 only where it is told to; a plan for every GPU leaves it out."""
_CHOSEN = (Precision.FP16, Precision.INT8)
_EXTRAS = {Flavour.TENSORRT: "gpu", Flavour.TENSORRT_RTX: "rtx"}


@dataclass(frozen=True, slots=True)
class Vendor:
    """An imported flavour. `api` is its module; `log` collects what it logs."""

    flavour: Flavour
    version: str
    api: Any
    log: Any

    @property
    def times_kernels(self) -> bool:
        """Whether a build measures kernels; TensorRT-RTX compiles them later, on the GPU."""
        return self.flavour is Flavour.TENSORRT

    @property
    def captures_graphs(self) -> bool:
        """Whether the library captures CUDA graphs itself, as TensorRT-RTX does."""
        return self.flavour is Flavour.TENSORRT_RTX

    def check(self, gpu: Gpu) -> None:
        """Raise PlanError if this flavour cannot build for `gpu`."""
        if gpu == ANY_GPU and self.flavour is Flavour.TENSORRT:
            raise PlanError(
                "TensorRT builds for the GPU it runs on; name that GPU, or build with TensorRT-RTX"
            )

    def why_not(self, gpu: Gpu) -> str:
        """Why no plan of this flavour runs on `gpu`, in one line; empty where it does.

        TensorRT-RTX leaves out data-centre GPUs such as the H100 and H200 (9.0): it refuses every plan there.
        What is newer than all that it knows it takes.
        """
        if self.flavour is Flavour.TENSORRT:
            return ""
        known, own = self._capabilities(), _numbers(gpu.compute_capability)
        if own in known or own > max(known):
            return ""
        listed = ", ".join(f"{major}.{minor}" for major, minor in known)
        return (
            f"{self.flavour} {self.version} has no kernels for {gpu.name} (compute capability "
            f"{gpu.compute_capability}), only for {listed} and newer: install TensorRT, "
            "pip install 'preread[gpu]'"
        )

    def _capabilities(self) -> list[tuple[int, int]]:
        found = (_numbers(f"{name[2:-1]}.{name[-1]}") for name in self._known_names())
        return sorted(one for one in found if one >= _OLDEST)

    def _known_names(self) -> list[str]:
        """Such as SM89, for 8.9."""
        return sorted(entry for entry in dir(self.api.ComputeCapability) if entry.startswith("SM"))

    def chooses(self, precision: Precision) -> bool:
        """Whether a flag lets the builder take `precision` where it may; else the graph must say it."""
        return precision in _CHOSEN and hasattr(self.api.BuilderFlag, precision.name)

    def create_network(self, builder: Any, precision: Precision) -> Any:
        """An empty network: strongly typed, unless the builder chooses `precision`."""
        if self.chooses(precision):
            return builder.create_network(0)
        return builder.create_network(1 << int(self.api.NetworkDefinitionCreationFlag.STRONGLY_TYPED))

    def set_precision(self, config: Any, precision: Precision) -> None:
        """Set the builder's flags. TF32 is on unless it is cleared, also for what stays float32 in fp16."""
        flags = self.api.BuilderFlag
        if precision is Precision.FP32:
            config.clear_flag(flags.TF32)
        else:
            config.set_flag(flags.TF32)
        if self.chooses(precision):
            config.set_flag(getattr(flags, precision.name))

    def set_target(self, config: Any, gpu: Gpu) -> None:
        """Build for `gpu`'s compute capability where the flavour must be told. Raises PlanError."""
        if self.flavour is Flavour.TENSORRT or gpu == ANY_GPU:
            return
        name = "SM" + gpu.compute_capability.replace(".", "")
        known = self._known_names()
        if name not in known:
            raise PlanError(
                f"TensorRT-RTX {self.version} knows no compute capability {gpu.compute_capability} "
                f"({gpu.name}), only {', '.join(known)}; use TensorRT on this GPU"
            )
        config.num_compute_capabilities = 1
        config.set_compute_capability(getattr(self.api.ComputeCapability, name), 0)


def installed_vendor() -> Vendor:
    """TensorRT if it is installed, else TensorRT-RTX. Raises LibraryError that names the extras."""
    for flavour in Flavour:
        try:
            return load_vendor(flavour)
        except LibraryError:
            continue
    raise LibraryError(
        "neither TensorRT nor TensorRT-RTX is installed: pip install 'preread[gpu]', or 'preread[rtx]'"
    )


@cache
def load_vendor(flavour: Flavour) -> Vendor:
    """Import one flavour. Raises LibraryError that names the extra to install."""
    try:
        api = importlib.import_module(flavour)
    except (ImportError, OSError) as reason:  # OSError: the shared libraries behind it are not there
        raise LibraryError(
            f"{flavour} does not import ({reason}): pip install 'preread[{_EXTRAS[flavour]}]'"
        ) from reason
    return Vendor(flavour, str(api.__version__), api, _new_log(api))


def _numbers(compute_capability: str) -> tuple[int, int]:
    major, minor = compute_capability.split(".")
    return int(major), int(minor)


def _new_log(api: Any) -> Any:
    # Made here because the base class is known only after the import. One for the whole process: TensorRT
    # keeps using the first logger it gets, also after the builder that came with it is gone.
    class Log(api.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity in (api.ILogger.INTERNAL_ERROR, api.ILogger.ERROR):
                self._errors.append(message)

        def take_errors(self) -> list[str]:
            """What was logged since the last call, by any thread."""
            errors, self._errors = self._errors, []
            return errors

    return Log()
