"""A plan on the GPU: what it takes and gives, and contexts to run it in."""

from pathlib import Path
from typing import Any

import numpy as np

from engines.backends.cuda import GpuMemory
from engines.backends.profiles import Profile, ShapeRange
from engines.backends.rtx import RtxContext
from engines.errors import GpuError, PlanError
from engines.plans.vendor import Vendor
from engines.spec import TensorSpec


class LoadedPlan:
    """`content` on the current GPU. `path` is for messages, and compiled kernels are kept beside it.

    Raises PlanError for a plan that this version and GPU cannot load.
    """

    def __init__(self, vendor: Vendor, content: bytes, path: Path, cuda_graphs: bool) -> None:
        vendor.log.take_errors()  # what an earlier call left says nothing of this plan
        self._vendor = vendor
        self._path = path
        self._rtx: RtxContext | None = None
        self._runtime = vendor.api.Runtime(vendor.log)
        self._engine = self._runtime.deserialize_cuda_engine(content)
        self.context = self._main_context(cuda_graphs) if self._engine is not None else None
        if self.context is None:
            raise PlanError(
                f"{vendor.flavour} {vendor.version} cannot load the plan {path}: {self._said()}; "
                "build it anew on this GPU with this version"
            )
        names = [self._engine.get_tensor_name(index) for index in range(self._engine.num_io_tensors)]
        modes = vendor.api.TensorIOMode
        taken = [name for name in names if self._engine.get_tensor_mode(name) == modes.INPUT]
        self.inputs = tuple(self._spec(name) for name in taken)
        self.outputs = tuple(self._spec(name) for name in names if name not in taken)
        self.profiles = tuple(
            self._profile(index, taken) for index in range(self._engine.num_optimization_profiles)
        )

    @property
    def workspace_size(self) -> int:
        """Bytes that a context of `context_in` needs."""
        return int(self._engine.device_memory_size_v2)

    def context_in(self, memory: GpuMemory | None) -> Any:
        """Another context, which computes in `memory`; those that share it never run at once.

        Raises GpuError.
        """
        strategy = self._vendor.api.ExecutionContextAllocationStrategy.USER_MANAGED
        context = self._engine.create_execution_context(strategy)
        self.check(context is not None)
        if memory is not None:
            context.set_device_memory(memory.address, memory.size)
        return context

    def check(self, done: bool) -> None:
        """Raise GpuError with what TensorRT logged unless `done`."""
        if not done:
            raise GpuError(
                f"{self._vendor.flavour} did not run the plan {self._path}: {self._said()}; "
                "open the engine anew"
            )

    def close(self) -> None:
        """Let go of everything on the GPU, contexts first: they use the engine, and it the runtime."""
        self.context = None
        if self._rtx is not None:
            self._rtx.close()
        self._rtx = None
        self._engine = None
        self._runtime = None

    def _main_context(self, cuda_graphs: bool) -> Any:
        if not self._vendor.captures_graphs:
            return self._engine.create_execution_context()
        kernels = self._path.with_suffix(".kernels")
        self._rtx = RtxContext(self._vendor.api, self._engine, kernels, cuda_graphs)
        return self._rtx.context

    def _spec(self, name: str) -> TensorSpec:
        dtype = np.dtype(self._vendor.api.nptype(self._engine.get_tensor_dtype(name)))
        return TensorSpec(name, tuple(self._engine.get_tensor_shape(name)), dtype.name)

    def _profile(self, index: int, inputs: list[str]) -> Profile:
        ranges = {name: self._engine.get_tensor_profile_shape(name, index) for name in inputs}
        return {
            name: ShapeRange(tuple(smallest), tuple(largest))
            for name, (smallest, _, largest) in ranges.items()
        }

    def _said(self) -> str:
        return "; ".join(self._vendor.log.take_errors()) or "it gave no reason"
