"""TensorRT or TensorRT-RTX on a GPU: runs a plan that `engines.plans` has built."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.backends.cuda import Buffer, Stream
from engines.backends.port import Arrays, Engine, check_inputs, not_open
from engines.backends.profiles import Profile, ShapeRange, choose_profile
from engines.errors import GpuError, PlanError, WeightsError
from engines.plans.vendor import Vendor
from engines.spec import TensorSpec


class TensorRtEngine(Engine):
    """A plan on `device`, with one context and one stream. `vendor`: the one that built the plan."""

    def __init__(self, plan: Path, vendor: Vendor, device: int = 0) -> None:
        self._path = plan
        self._vendor = vendor
        self._device = device
        self._loaded: _Loaded | None = None

    def open(self) -> None:
        """Load the plan onto the GPU.

        Raises WeightsError for a plan that is not there, PlanError for one that this version and GPU cannot
        load, LibraryError without the CUDA bindings, GpuError without a driver or GPU.
        """
        if self._loaded is not None:
            return
        try:
            plan = self._path.read_bytes()
        except OSError as reason:
            raise WeightsError(f"cannot read the plan {self._path}: {reason.strerror}; build it") from reason
        stream = Stream(self._device)
        with ExitStack() as on_failure:
            on_failure.callback(stream.close)
            self._loaded = _load(self._vendor, plan, stream, self._path)
            on_failure.pop_all()

    def close(self) -> None:
        """Free the plan and its GPU memory. Raises GpuError."""
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            stream = loaded.stream
            del loaded  # the context goes before the stream that it used
            stream.close()

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What the plan takes. Raises EngineClosed."""
        return self._opened().inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What the plan gives. Raises EngineClosed."""
        return self._opened().outputs

    def infer(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        """Run once. Raises EngineClosed, GpuError, or InputError, also for a shape that no profile takes."""
        loaded = self._opened()
        check_inputs(loaded.inputs, arrays)
        profile = choose_profile(loaded.profiles, arrays)
        return loaded.run(profile, arrays)

    def _opened(self) -> "_Loaded":
        if self._loaded is None:
            raise not_open(self._path)
        return self._loaded


@dataclass(slots=True, eq=False)
class _Loaded:
    vendor: Vendor
    context: Any
    stream: Stream
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    profiles: tuple[Profile, ...]
    buffers: dict[str, Buffer]

    def run(self, profile: int, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        self.stream.use()
        if profile != self.context.active_optimization_profile:
            self._check(self.context.set_optimization_profile_async(profile, self.stream.handle))
        sent = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        for name, array in sent.items():
            self._check(self.context.set_input_shape(name, array.shape))
            self._bind(name, array)
            self.stream.copy_in(self.buffers[name], array)
        answers = {spec.name: self._answer(spec) for spec in self.outputs}
        self._check(self.context.execute_async_v3(self.stream.handle))
        for name, answer in answers.items():
            self.stream.copy_out(answer, self.buffers[name])
        self.stream.wait()
        return answers

    def _answer(self, spec: TensorSpec) -> NDArray[Any]:
        answer = np.empty(tuple(self.context.get_tensor_shape(spec.name)), spec.dtype)
        self._bind(spec.name, answer)
        return answer

    def _bind(self, name: str, array: NDArray[Any]) -> None:
        self.buffers[name].reserve(array.nbytes)
        self._check(self.context.set_tensor_address(name, self.buffers[name].address))

    def _check(self, done: bool) -> None:
        if not done:
            said = "; ".join(self.vendor.log.take_errors()) or "it gave no reason"
            raise GpuError(f"{self.vendor.flavour} did not run the plan: {said}; open the engine anew")


def _load(vendor: Vendor, plan: bytes, stream: Stream, path: Path) -> _Loaded:
    vendor.log.take_errors()  # what an earlier call left says nothing of this plan
    engine = vendor.api.Runtime(vendor.log).deserialize_cuda_engine(plan)
    context = engine.create_execution_context() if engine is not None else None
    if context is None:
        said = "; ".join(vendor.log.take_errors()) or "it gave no reason"
        raise PlanError(
            f"{vendor.flavour} {vendor.version} cannot load the plan {path}: {said}; "
            "build it anew on this GPU with this version"
        )
    names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
    taken = [name for name in names if engine.get_tensor_mode(name) == vendor.api.TensorIOMode.INPUT]
    return _Loaded(
        vendor,
        context,
        stream,
        inputs=tuple(_spec(vendor, engine, name) for name in taken),
        outputs=tuple(_spec(vendor, engine, name) for name in names if name not in taken),
        profiles=_profiles(engine, taken),
        buffers={name: stream.new_buffer() for name in names},
    )


def _spec(vendor: Vendor, engine: Any, name: str) -> TensorSpec:
    dtype = np.dtype(vendor.api.nptype(engine.get_tensor_dtype(name)))
    return TensorSpec(name, tuple(engine.get_tensor_shape(name)), dtype.name)


def _profiles(engine: Any, inputs: list[str]) -> tuple[Profile, ...]:
    def shape_range(name: str, index: int) -> ShapeRange:
        smallest, _, largest = engine.get_tensor_profile_shape(name, index)
        return ShapeRange(tuple(smallest), tuple(largest))

    return tuple(
        {name: shape_range(name, index) for name in inputs}
        for index in range(engine.num_optimization_profiles)
    )
