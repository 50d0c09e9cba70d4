"""Host memory behind the names of the CUDA runtime, and ONNX Runtime behind those of TensorRT.

They hold the backend to what it must do with both (sizes, addresses, order, profiles, what a recorded graph
may rely on). What only a driver and a GPU can show is left to test_tensorrt_on_gpu.py.
"""

import ctypes
import itertools
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
WORKSPACE = 1024
Work = Callable[[], None]


class FakeCuda:
    """`failing`: names of functions that answer as they do without a driver. `launched`: graphs, in order."""

    cudaError_t = SimpleNamespace(cudaSuccess=SUCCESS)  # noqa: N815
    cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)  # noqa: N815
    cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal=1)  # noqa: N815
    cudaHostAllocDefault = 0  # noqa: N815
    cudaStreamNonBlocking = 1  # noqa: N815

    def __init__(self) -> None:
        self.memory: dict[int, Any] = {}
        self.pinned: dict[int, Any] = {}
        self.streams: set[int] = set()
        self.graphs: dict[int, list[Work]] = {}
        self.capturing: dict[int, list[Work]] = {}
        self.launched: list[int] = []
        self.failing: set[str] = set()
        self.numbers = itertools.count(7)

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if name.startswith("cuda") and name in object.__getattribute__(self, "failing"):
            return _failing(name)
        return found

    def give(self, stream: int, work: Work) -> None:
        """Run it, or record it while the stream is captured."""
        assert stream in self.streams
        if stream in self.capturing:
            self.capturing[stream].append(work)
        else:
            work()

    def cudaSetDevice(self, device: int) -> tuple[int]:  # noqa: N802
        return (SUCCESS,)

    def cudaGetDeviceProperties(self, device: int) -> tuple[int, Any]:  # noqa: N802
        return SUCCESS, SimpleNamespace(name=b"NVIDIA H200", major=9, minor=0)

    def cudaGetErrorString(self, error: int) -> tuple[int, bytes]:  # noqa: N802
        return SUCCESS, b"CUDA driver version is insufficient"

    def cudaGetLastError(self) -> tuple[int]:  # noqa: N802
        return (SUCCESS,)

    def cudaMemGetInfo(self) -> tuple[int, int, int]:  # noqa: N802
        return SUCCESS, 1000, 2000

    def cudaMalloc(self, size: int) -> tuple[int, int]:  # noqa: N802
        return SUCCESS, _allocate(self.memory, size)

    def cudaFree(self, address: int) -> tuple[int]:  # noqa: N802
        del self.memory[address]
        return (SUCCESS,)

    def cudaHostAlloc(self, size: int, flags: int) -> tuple[int, int]:  # noqa: N802
        return SUCCESS, _allocate(self.pinned, size)

    def cudaFreeHost(self, address: int) -> tuple[int]:  # noqa: N802
        del self.pinned[address]
        return (SUCCESS,)

    def cudaMemcpyAsync(self, target: int, source: int, size: int, kind: int, stream: int) -> tuple[int]:  # noqa: N802
        ends = (target, source) if kind == self.cudaMemcpyKind.cudaMemcpyHostToDevice else (source, target)
        assert len(self.memory[ends[0]]) >= size
        assert len(self.pinned[ends[1]]) >= size
        self.give(stream, lambda: _move(target, source, size))
        return (SUCCESS,)

    def cudaStreamCreateWithFlags(self, flags: int) -> tuple[int, int]:  # noqa: N802
        stream = next(self.numbers)
        self.streams.add(stream)
        return SUCCESS, stream

    def cudaStreamSynchronize(self, stream: int) -> tuple[int]:  # noqa: N802
        assert stream not in self.capturing, "nothing may be waited for while it is recorded"
        return (SUCCESS,)

    def cudaStreamDestroy(self, stream: int) -> tuple[int]:  # noqa: N802
        self.streams.remove(stream)
        return (SUCCESS,)

    def cudaStreamBeginCapture(self, stream: int, mode: int) -> tuple[int]:  # noqa: N802
        self.capturing[stream] = []
        return (SUCCESS,)

    def cudaStreamEndCapture(self, stream: int) -> tuple[int, int | None]:  # noqa: N802
        work, graph = self.capturing.pop(stream), next(self.numbers)
        self.graphs[graph] = work
        return SUCCESS, graph

    def cudaGraphInstantiate(self, graph: int, flags: int) -> tuple[int, int]:  # noqa: N802
        executable = next(self.numbers)
        self.graphs[executable] = self.graphs[graph]
        return SUCCESS, executable

    def cudaGraphLaunch(self, executable: int, stream: int) -> tuple[int]:  # noqa: N802
        assert stream in self.streams
        self.launched.append(executable)
        for work in self.graphs[executable]:
            work()
        return (SUCCESS,)

    def cudaGraphDestroy(self, graph: int) -> tuple[int]:  # noqa: N802
        del self.graphs[graph]
        return (SUCCESS,)

    def cudaGraphExecDestroy(self, executable: int) -> tuple[int]:  # noqa: N802
        del self.graphs[executable]
        return (SUCCESS,)


def _allocate(memory: dict[int, Any], size: int) -> int:
    block = ctypes.create_string_buffer(size)
    address = ctypes.addressof(block)
    memory[address] = block
    return address


def _move(target: int, source: int, size: int) -> None:
    ctypes.memmove(target, source, size)


def _failing(name: str) -> Callable[..., tuple[int, None]]:
    def fail(*_: object) -> tuple[int, None]:
        return NO_DRIVER, None

    fail.__name__ = name
    return fail


class FakeContext:
    """`changes` counts what was set; a graph recorded before the last of them is spoilt."""

    def __init__(self, engine: "FakeEngine", needs_memory: bool) -> None:
        self.engine = engine
        self.memory = None if needs_memory else 0
        self.active_optimization_profile = 0
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.addresses: dict[str, int] = {}
        self.changes = 0
        self.settled = -1
        self.runs = True

    def set_device_memory(self, address: int, size: int) -> None:
        assert len(self.engine.cuda.memory[address]) == size == WORKSPACE
        self.memory = address

    def set_optimization_profile_async(self, index: int, stream: int) -> bool:
        self.active_optimization_profile = index
        self.changes += 1
        return True

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        smallest, largest = PROFILES[self.active_optimization_profile]
        self.shapes[name] = shape
        self.changes += 1
        return smallest <= shape[0] <= largest

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        (batch,) = {shape[0] for shape in self.shapes.values()}
        return (batch, *self.engine.get_tensor_shape(name)[1:])

    def set_tensor_address(self, name: str, address: int) -> bool:
        self.addresses[name] = address
        self.changes += 1
        return True

    def execute_async_v3(self, stream: int) -> bool:
        assert self.memory is not None
        changes = self.changes
        if stream in self.engine.cuda.capturing:
            if self.engine.uncapturable:
                return False
            assert self.settled == changes, "a new shape needs a run that is not recorded"
        self.settled = changes
        self.engine.cuda.give(stream, lambda: self._execute(changes))
        return self.runs

    def _execute(self, changes: int) -> None:
        assert changes == self.changes, "the context was changed after it was recorded"
        arrays = {name: self._at(name, shape) for name, shape in self.shapes.items()}
        names = [node.name for node in self.engine.session.get_outputs()]
        for name, answer in zip(names, self.engine.session.run(names, arrays), strict=True):
            self._at(name, answer.shape)[...] = answer

    def _at(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        memory = (ctypes.c_float * int(np.prod(shape))).from_address(self.addresses[name])
        array: NDArray[np.float32] = np.ctypeslib.as_array(memory).reshape(shape)
        return array


class FakeKernels:
    """TensorRT-RTX's cache of compiled kernels: bytes."""

    def __init__(self) -> None:
        self.content = b""

    def deserialize(self, content: bytes) -> bool:
        fits = content.startswith(b"kernels")
        self.content = content if fits else b""
        return fits

    def serialize(self) -> bytes:
        return self.content or b"kernels"


class FakeConfig:
    def __init__(self) -> None:
        self.cuda_graph_strategy = "disabled"
        self.kernels: FakeKernels | None = None

    def create_runtime_cache(self) -> FakeKernels:
        return FakeKernels()

    def set_runtime_cache(self, kernels: FakeKernels) -> bool:
        self.kernels = kernels
        return True


class FakeEngine:
    """`given`: what each context was made with. `uncapturable`: execution refuses to be recorded."""

    def __init__(self, onnx: bytes, cuda: FakeCuda) -> None:
        self.session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
        self.cuda = cuda
        self.nodes = [*self.session.get_inputs(), *self.session.get_outputs()]
        self.num_io_tensors = len(self.nodes)
        self.num_optimization_profiles = len(PROFILES)
        self.device_memory_size_v2 = WORKSPACE
        self.contexts: list[FakeContext] = []
        self.given: list[Any] = []
        self.uncapturable = False

    def create_runtime_config(self) -> FakeConfig:
        return FakeConfig()

    def create_execution_context(self, given: Any = "static") -> FakeContext:
        self.contexts.append(FakeContext(self, needs_memory=given == "user managed"))
        self.given.append(given)
        return self.contexts[-1]

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


class FakeLog:
    def __init__(self) -> None:
        self.errors: list[str] = []

    def take_errors(self) -> list[str]:
        errors, self.errors = self.errors, []
        return errors


def fake_vendor(cuda: FakeCuda, flavour: Flavour = Flavour.TENSORRT) -> Vendor:
    """Made anew, so that no test sees another's engines. It takes ONNX bytes for a plan."""

    class Runtime:
        engines: list[FakeEngine] = []  # noqa: RUF012 - shared by the runtimes of this vendor, as meant

        def __init__(self, log: FakeLog) -> None:
            self.log = log

        def deserialize_cuda_engine(self, plan: bytes) -> FakeEngine | None:
            if plan == b"no plan":
                self.log.errors.append("magic tag does not match")
                return None
            self.engines.append(FakeEngine(plan, cuda))
            return self.engines[-1]

    api = SimpleNamespace(
        Runtime=Runtime,
        TensorIOMode=SimpleNamespace(INPUT="input"),
        ExecutionContextAllocationStrategy=SimpleNamespace(USER_MANAGED="user managed"),
        nptype=lambda _: np.float32,
    )
    if flavour is Flavour.TENSORRT_RTX:
        api.CudaGraphStrategy = SimpleNamespace(WHOLE_GRAPH_CAPTURE="whole")
        api.ComputeCapability = SimpleNamespace(SM80=0, SM90=1)  # the real one leaves 9.0 out
    return Vendor(flavour, "10.13", api, FakeLog())
