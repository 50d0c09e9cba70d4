"""GPU memory, page-locked memory and streams, by NVIDIA's bindings. Needs the extra `gpu` or `rtx`."""

import ctypes
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.errors import GpuError, LibraryError
from engines.plans.gpu import Gpu


def current_gpu(device: int = 0) -> Gpu:
    """The GPU that CUDA counts as `device`. Raises LibraryError, GpuError."""
    runtime = _runtime()
    properties = _call(runtime, runtime.cudaGetDeviceProperties, device)
    return Gpu(properties.name.decode(), f"{properties.major}.{properties.minor}")


def memory_info(device: int = 0) -> tuple[int, int]:
    """Free and total bytes of the GPU's memory. Raises LibraryError, GpuError."""
    runtime = _runtime()
    _call(runtime, runtime.cudaSetDevice, device)
    free, total = _call(runtime, runtime.cudaMemGetInfo)
    return int(free), int(total)


class GpuMemory:
    """`size` bytes on the GPU, at an address that stays. Raises GpuError."""

    def __init__(self, runtime: Any, size: int) -> None:
        self._runtime = runtime
        self.size = size
        self.address = int(_call(runtime, runtime.cudaMalloc, size))

    def free(self) -> None:
        """Give the memory back. Raises GpuError."""
        if self.address:
            address, self.address = self.address, 0
            _call(self._runtime, self._runtime.cudaFree, address)


class PinnedMemory:
    """`size` bytes of the host that never move, which a copy needs to run beside other work.

    Raises GpuError.
    """

    def __init__(self, runtime: Any, size: int) -> None:
        self._runtime = runtime
        self.size = size
        self.address = int(_call(runtime, runtime.cudaHostAlloc, size, runtime.cudaHostAllocDefault))

    def view(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Its beginning as an array. Do not keep it: it is wild once the memory is freed."""
        count = math.prod(shape)
        if count * dtype.itemsize > self.size:
            raise GpuError(f"{shape} of {dtype} does not fit into {self.size} bytes; open the engine anew")
        bytes_ = (ctypes.c_ubyte * (count * dtype.itemsize)).from_address(self.address)
        return np.frombuffer(memoryview(bytes_), dtype).reshape(shape)

    def free(self) -> None:
        """Give the memory back. Raises GpuError."""
        if self.address:
            address, self.address = self.address, 0
            _call(self._runtime, self._runtime.cudaFreeHost, address)


class Stream:
    """One stream on one GPU; work given to it runs in order. Raises LibraryError, GpuError.

    It does not wait for the default stream, nor that for it, so two streams can run side by side.
    """

    def __init__(self, device: int = 0) -> None:
        self.runtime = _runtime()
        self._device = device
        self._memory: list[GpuMemory | PinnedMemory] = []
        self.use()
        self._stream = self.call("cudaStreamCreateWithFlags", self.runtime.cudaStreamNonBlocking)

    @property
    def handle(self) -> int:
        """What TensorRT takes for the stream."""
        return int(self._stream)

    def use(self) -> None:
        """Make the GPU this thread's current one. Raises GpuError."""
        self.call("cudaSetDevice", self._device)

    def gpu_memory(self, size: int) -> GpuMemory:
        """New memory on the GPU, freed when the stream is closed. Raises GpuError."""
        memory = GpuMemory(self.runtime, size)
        self._memory.append(memory)
        return memory

    def pinned_memory(self, size: int) -> PinnedMemory:
        """New memory of the host, freed when the stream is closed. Raises GpuError."""
        memory = PinnedMemory(self.runtime, size)
        self._memory.append(memory)
        return memory

    def copy_in(self, target: GpuMemory, source: PinnedMemory, size: int) -> None:
        """Copy to the GPU. Leave `source` as it is until `wait` has returned. Raises GpuError."""
        self._copy(target, source, size, self.runtime.cudaMemcpyKind.cudaMemcpyHostToDevice)

    def copy_out(self, target: PinnedMemory, source: GpuMemory, size: int) -> None:
        """Copy from the GPU. Read `target` once `wait` has returned. Raises GpuError."""
        self._copy(target, source, size, self.runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost)

    def wait(self) -> None:
        """Return when everything is done. Raises GpuError for what failed since the last call."""
        self.call("cudaStreamSynchronize", self._stream)

    def begin_capture(self) -> None:
        """Record what comes instead of running it, as `cuda_graph.capture` does. Raises GpuError."""
        # Thread-local: another lane may allocate memory meanwhile without spoiling the recording.
        mode = self.runtime.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self.call("cudaStreamBeginCapture", self._stream, mode)

    def end_capture(self) -> Any:
        """The recorded graph; the stream runs what comes again. Raises GpuError if it was spoilt."""
        return self.call("cudaStreamEndCapture", self._stream)

    def launch(self, executable: Any) -> None:
        """Run an executable graph after what was given before. Raises GpuError."""
        self.call("cudaGraphLaunch", executable, self._stream)

    def close(self) -> None:
        """Free the memory and the stream. Raises GpuError."""
        self.use()
        while self._memory:
            self._memory.pop().free()
        self.call("cudaStreamDestroy", self._stream)

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function of the CUDA runtime. Raises GpuError with the driver's words."""
        return _call(self.runtime, getattr(self.runtime, name), *arguments)

    def _copy(
        self, target: GpuMemory | PinnedMemory, source: GpuMemory | PinnedMemory, size: int, kind: Any
    ) -> None:
        self.call("cudaMemcpyAsync", target.address, source.address, size, kind, self._stream)


def _runtime() -> Any:
    try:
        from cuda.bindings import runtime
    except ImportError as reason:
        raise LibraryError(
            f"the CUDA bindings do not import ({reason}): pip install 'preread[gpu]', or 'preread[rtx]'"
        ) from reason
    return runtime


def _call(runtime: Any, function: Any, *arguments: Any) -> Any:
    error, *values = function(*arguments)
    if error != runtime.cudaError_t.cudaSuccess:
        _, message = runtime.cudaGetErrorString(error)
        raise GpuError(
            f"{function.__name__} failed: {message.decode()}; check the driver and the GPU with nvidia-smi, "
            "or use the onnxruntime backend"
        )
    return tuple(values) if len(values) > 1 else (values[0] if values else None)
