"""GPU memory and one stream, through NVIDIA's own bindings. Needs the extra `gpu` or `rtx`."""

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


class Buffer:
    """Memory on the GPU that grows when more is asked for."""

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime
        self._size = 0
        self.address = 0

    def reserve(self, size: int) -> None:
        """Hold at least `size` bytes; what was in it is lost if it grows. Raises GpuError."""
        if size <= self._size:
            return
        self.free()
        self.address = int(_call(self._runtime, self._runtime.cudaMalloc, size))
        self._size = size

    def free(self) -> None:
        """Give the memory back. Raises GpuError."""
        if self.address:
            address, self.address, self._size = self.address, 0, 0
            _call(self._runtime, self._runtime.cudaFree, address)


class Stream:
    """One stream on one GPU; work given to it runs in order. Raises LibraryError, GpuError."""

    def __init__(self, device: int = 0) -> None:
        self._runtime = _runtime()
        self._device = device
        self._buffers: list[Buffer] = []
        self.use()
        self._stream = _call(self._runtime, self._runtime.cudaStreamCreate)

    @property
    def handle(self) -> int:
        """What TensorRT takes for the stream."""
        return int(self._stream)

    def use(self) -> None:
        """Make the GPU this thread's current one. Raises GpuError."""
        _call(self._runtime, self._runtime.cudaSetDevice, self._device)

    def new_buffer(self) -> Buffer:
        """An empty buffer, freed when the stream is closed."""
        buffer = Buffer(self._runtime)
        self._buffers.append(buffer)
        return buffer

    def copy_in(self, buffer: Buffer, array: NDArray[np.generic]) -> None:
        """Copy a contiguous array to the GPU. Keep it until `wait` returns. Raises GpuError."""
        kind = self._runtime.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._copy(buffer.address, array.ctypes.data, array.nbytes, kind)

    def copy_out(self, array: NDArray[np.generic], buffer: Buffer) -> None:
        """Fill a contiguous array from the GPU. Read it once `wait` has returned. Raises GpuError."""
        kind = self._runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._copy(array.ctypes.data, buffer.address, array.nbytes, kind)

    def wait(self) -> None:
        """Return when everything is done. Raises GpuError for what failed since the last call."""
        _call(self._runtime, self._runtime.cudaStreamSynchronize, self._stream)

    def close(self) -> None:
        """Free the buffers and the stream. Raises GpuError."""
        self.use()
        while self._buffers:
            self._buffers.pop().free()
        _call(self._runtime, self._runtime.cudaStreamDestroy, self._stream)

    def _copy(self, target: int, source: int, size: int, kind: Any) -> None:
        _call(self._runtime, self._runtime.cudaMemcpyAsync, target, source, size, kind, self._stream)


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
    return values[0] if values else None
