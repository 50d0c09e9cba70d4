"""Work recorded once and launched as a whole: one call instead of one for every kernel."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from engines.backends.cuda import Stream
from engines.errors import GpuError


class Graph:
    """What `capture` recorded. It holds on to addresses: free none of them before it."""

    def __init__(self, stream: Stream, executable: Any) -> None:
        self._stream = stream
        self._executable = executable

    def launch(self) -> None:
        """Run it on its stream; `Stream.wait` waits for it. Raises GpuError."""
        self._stream.launch(self._executable)

    def destroy(self) -> None:
        """Let go of it. Raises GpuError."""
        self._stream.call("cudaGraphExecDestroy", self._executable)


def capture(stream: Stream, work: Callable[[], None]) -> Graph:
    """Record what `work` gives to the stream; nothing of it runs. Afterwards the stream works as before.

    Raises GpuError if something in it cannot be recorded (CUDA C++ Programming Guide, stream capture).
    """
    stream.begin_capture()
    try:
        work()
    except BaseException:
        _abandon(stream)
        raise
    try:
        recorded = stream.end_capture()
        try:
            return Graph(stream, stream.call("cudaGraphInstantiate", recorded, 0))
        finally:
            stream.call("cudaGraphDestroy", recorded)
    except GpuError:
        stream.runtime.cudaGetLastError()  # else TensorRT finds this error and takes it for its own
        raise


def _abandon(stream: Stream) -> None:
    with suppress(GpuError):  # it says only that the recording was spoilt
        recorded = stream.end_capture()
        if recorded is not None:
            stream.call("cudaGraphDestroy", recorded)
    stream.runtime.cudaGetLastError()
