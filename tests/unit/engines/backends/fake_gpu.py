"""Host memory behind the names of the CUDA runtime, and ONNX Runtime behind those of TensorRT.

They hold the backend to what it must do with both (sizes, addresses, order, profiles). What only a driver
and a GPU can show is left to test_tensorrt_on_gpu.py.
"""

import ctypes
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from engines.plans.vendor import Flavour, Vendor

SUCCESS, NO_DRIVER = 0, 35
PROFILES = ((1, 4), (5, 8))
"""Smallest and largest batch."""


class FakeCuda:
    """`failing`: names of functions that answer as they do without a driver."""

    cudaError_t = SimpleNamespace(cudaSuccess=SUCCESS)  # noqa: N815
    cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)  # noqa: N815

    def __init__(self) -> None:
        self.memory: dict[int, Any] = {}
        self.streams: set[int] = set()
        self.failing: set[str] = set()

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if name.startswith("cuda") and name in object.__getattribute__(self, "failing"):
            return _failing(name)
        return found

    def cudaSetDevice(self, device: int) -> tuple[int]:  # noqa: N802
        return (SUCCESS,)

    def cudaGetDeviceProperties(self, device: int) -> tuple[int, Any]:  # noqa: N802
        return SUCCESS, SimpleNamespace(name=b"NVIDIA H200", major=9, minor=0)

    def cudaGetErrorString(self, error: int) -> tuple[int, bytes]:  # noqa: N802
        return SUCCESS, b"CUDA driver version is insufficient"

    def cudaMalloc(self, size: int) -> tuple[int, int]:  # noqa: N802
        memory = ctypes.create_string_buffer(size)
        address = ctypes.addressof(memory)
        self.memory[address] = memory
        return SUCCESS, address

    def cudaFree(self, address: int) -> tuple[int]:  # noqa: N802
        del self.memory[address]
        return (SUCCESS,)

    def cudaMemcpyAsync(self, target: int, source: int, size: int, kind: int, stream: int) -> tuple[int]:  # noqa: N802
        on_gpu = target if kind == self.cudaMemcpyKind.cudaMemcpyHostToDevice else source
        assert len(self.memory[on_gpu]) >= size
        assert stream in self.streams
        ctypes.memmove(target, source, size)
        return (SUCCESS,)

    def cudaStreamCreate(self) -> tuple[int, int]:  # noqa: N802
        self.streams.add(7)
        return SUCCESS, 7

    def cudaStreamSynchronize(self, stream: int) -> tuple[int]:  # noqa: N802
        return (SUCCESS,)

    def cudaStreamDestroy(self, stream: int) -> tuple[int]:  # noqa: N802
        self.streams.remove(stream)
        return (SUCCESS,)


def _failing(name: str) -> Callable[..., tuple[int, None]]:
    def fail(*_: object) -> tuple[int, None]:
        return NO_DRIVER, None

    fail.__name__ = name
    return fail


class FakeContext:
    def __init__(self, session: Any) -> None:
        self.session = session
        self.active_optimization_profile = 0
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.addresses: dict[str, int] = {}
        self.runs = True

    def set_optimization_profile_async(self, index: int, stream: int) -> bool:
        self.active_optimization_profile = index
        return True

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        smallest, largest = PROFILES[self.active_optimization_profile]
        self.shapes[name] = shape
        return smallest <= shape[0] <= largest

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        (batch,) = {shape[0] for shape in self.shapes.values()}
        return (batch, *next(node.shape[1:] for node in self.session.get_outputs() if node.name == name))

    def set_tensor_address(self, name: str, address: int) -> bool:
        self.addresses[name] = address
        return True

    def execute_async_v3(self, stream: int) -> bool:
        arrays = {name: self._at(name, shape) for name, shape in self.shapes.items()}
        names = [node.name for node in self.session.get_outputs()]
        for name, answer in zip(names, self.session.run(names, arrays), strict=True):
            self._at(name, answer.shape)[...] = answer
        return self.runs

    def _at(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        memory = (ctypes.c_float * int(np.prod(shape))).from_address(self.addresses[name])
        array: NDArray[np.float32] = np.ctypeslib.as_array(memory).reshape(shape)
        return array


class FakeEngine:
    def __init__(self, onnx: bytes) -> None:
        self.session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
        self.nodes = [*self.session.get_inputs(), *self.session.get_outputs()]
        self.num_io_tensors = len(self.nodes)
        self.num_optimization_profiles = len(PROFILES)
        self.context = FakeContext(self.session)

    def create_execution_context(self) -> FakeContext:
        return self.context

    def get_tensor_name(self, index: int) -> str:
        return str(self.nodes[index].name)

    def get_tensor_mode(self, name: str) -> str:
        return "input" if name in {node.name for node in self.session.get_inputs()} else "output"

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return (-1, *next(node.shape[1:] for node in self.nodes if node.name == name))

    def get_tensor_dtype(self, name: str) -> str:
        return "FLOAT"

    def get_tensor_profile_shape(self, name: str, index: int) -> list[tuple[int, ...]]:
        smallest, largest = PROFILES[index]
        image = self.get_tensor_shape(name)[1:]
        return [(smallest, *image), (smallest, *image), (largest, *image)]


class FakeRuntime:
    """Takes ONNX bytes for a plan; `engines` keeps what it made."""

    engines: list[FakeEngine]

    def __init__(self, log: Any) -> None:
        self.log = log

    def deserialize_cuda_engine(self, plan: bytes) -> FakeEngine | None:
        if plan == b"no plan":
            self.log.errors.append("magic tag does not match")
            return None
        self.engines.append(FakeEngine(plan))
        return self.engines[-1]


class FakeLog:
    def __init__(self) -> None:
        self.errors: list[str] = []

    def take_errors(self) -> list[str]:
        errors, self.errors = self.errors, []
        return errors


def fake_vendor() -> Vendor:
    """Made anew, so that no test sees another's engines."""

    class Runtime(FakeRuntime):
        engines: list[FakeEngine] = []  # noqa: RUF012 - shared by the runtimes of this vendor, as meant

    api = SimpleNamespace(
        Runtime=Runtime, TensorIOMode=SimpleNamespace(INPUT="input"), nptype=lambda _: np.float32
    )
    return Vendor(Flavour.TENSORRT, "10.13", api, FakeLog())
