"""One way through the GPU: copies in, a plan's kernels, copies out, in order on one stream."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.backends.cuda import GpuMemory, PinnedMemory, Stream
from engines.backends.cuda_graph import Graph, capture
from engines.backends.port import Arrays
from engines.backends.tensorrt_plan import LoadedPlan
from engines.errors import GpuError, PlanError
from engines.spec import TensorSpec

MOST_GRAPHS = 8
"""Batch shapes that get a graph, in the order they come; a busy worker sees few. Others run without."""

Shapes = Mapping[str, tuple[int, ...]]
Key = tuple[int, tuple[tuple[str, tuple[int, ...]], ...]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Tensor:
    """An input or output with room for its largest batch, so that no address ever changes."""

    spec: TensorSpec
    gpu: GpuMemory
    host: PinnedMemory

    def size(self, shape: tuple[int, ...]) -> int:
        return math.prod(shape) * np.dtype(self.spec.dtype).itemsize

    def view(self, shape: tuple[int, ...]) -> NDArray[Any]:
        return self.host.view(shape, np.dtype(self.spec.dtype))


@dataclass(frozen=True, slots=True)
class _Captured:
    graph: Graph
    context: Any
    """Its own: changing a context spoils the graphs that were captured from it (TensorRT's guide)."""
    shapes: Shapes


class Lane:
    """Runs `plan` on `stream`. Raises PlanError, GpuError.

    `cuda_graphs`: capture one for each batch shape, unless the library does it itself.
    """

    def __init__(self, plan: LoadedPlan, stream: Stream, cuda_graphs: bool) -> None:
        self._plan = plan
        self._stream = stream
        self._captured: dict[Key, _Captured] = {}
        self._workspace: GpuMemory | None = None
        self._captures = cuda_graphs
        largest = self._largest()
        self._inputs = [self._tensor(spec, largest[spec.name]) for spec in plan.inputs]
        self._outputs = [self._tensor(spec, largest[spec.name]) for spec in plan.outputs]

    def run(self, profile: int, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        """Every output, in arrays of its own. Raises GpuError."""
        for tensor in self._inputs:
            array = arrays[tensor.spec.name]
            np.copyto(tensor.view(array.shape), array)
        shapes = {name: array.shape for name, array in arrays.items()}
        captured = self._graph(profile, shapes)
        if captured is not None:
            answers = captured.shapes
            captured.graph.launch()
        else:
            answers = self._bind(self._plan.context, profile, shapes)
            self._enqueue(self._plan.context, shapes | answers)
        self._stream.wait()
        return {tensor.spec.name: tensor.view(answers[tensor.spec.name]).copy() for tensor in self._outputs}

    def close(self) -> None:
        """Let go of graphs and contexts. Raises GpuError."""
        while self._captured:
            _, captured = self._captured.popitem()
            captured.graph.destroy()

    def _graph(self, profile: int, shapes: dict[str, tuple[int, ...]]) -> _Captured | None:
        key = (profile, tuple(sorted(shapes.items())))
        if key in self._captured or not self._captures or len(self._captured) >= MOST_GRAPHS:
            return self._captured.get(key)
        try:
            self._captured[key] = self._capture(profile, shapes)
        except GpuError as reason:
            self._captures = False  # it would be refused again
            _log.warning("inference runs without CUDA graphs: %s", reason)
        return self._captured.get(key)

    def _capture(self, profile: int, shapes: dict[str, tuple[int, ...]]) -> _Captured:
        context = self._plan.context_in(self._shared_workspace())
        answers = self._bind(context, profile, shapes)
        # TensorRT does what a new shape demands in the first run after it; that must not be recorded.
        self._enqueue(context, shapes | answers)
        self._stream.wait()
        graph = capture(self._stream, lambda: self._enqueue(context, shapes | answers))
        return _Captured(graph, context, answers)

    def _shared_workspace(self) -> GpuMemory | None:
        if self._workspace is None and self._plan.workspace_size > 0:
            self._workspace = self._stream.gpu_memory(self._plan.workspace_size)
        return self._workspace

    def _bind(self, context: Any, profile: int, shapes: Shapes) -> dict[str, tuple[int, ...]]:
        answers = self._set_shapes(context, profile, shapes)
        for tensor in (*self._inputs, *self._outputs):
            self._plan.check(context.set_tensor_address(tensor.spec.name, tensor.gpu.address))
        return answers

    def _set_shapes(self, context: Any, profile: int, shapes: Shapes) -> dict[str, tuple[int, ...]]:
        if profile != context.active_optimization_profile:
            self._plan.check(context.set_optimization_profile_async(profile, self._stream.handle))
        for name, shape in shapes.items():
            self._plan.check(context.set_input_shape(name, shape))
        return {spec.name: tuple(context.get_tensor_shape(spec.name)) for spec in self._plan.outputs}

    def _enqueue(self, context: Any, shapes: Shapes) -> None:
        for tensor in self._inputs:
            self._stream.copy_in(tensor.gpu, tensor.host, tensor.size(shapes[tensor.spec.name]))
        self._plan.check(context.execute_async_v3(self._stream.handle))
        for tensor in self._outputs:
            self._stream.copy_out(tensor.host, tensor.gpu, tensor.size(shapes[tensor.spec.name]))

    def _largest(self) -> dict[str, tuple[int, ...]]:
        largest: dict[str, tuple[int, ...]] = {}
        for index, profile in enumerate(self._plan.profiles):
            shapes = {name: lengths.largest for name, lengths in profile.items()}
            for name, shape in {**shapes, **self._set_shapes(self._plan.context, index, shapes)}.items():
                largest[name] = max(largest.get(name, shape), shape, key=math.prod)
        self._stream.wait()
        return largest

    def _tensor(self, spec: TensorSpec, shape: tuple[int, ...]) -> _Tensor:
        if any(length < 0 for length in shape):
            raise PlanError(
                f"the size of {spec.name!r} depends on the images, {shape}; export it with one size"
            )
        size = max(math.prod(shape) * np.dtype(spec.dtype).itemsize, 1)
        return _Tensor(spec, self._stream.gpu_memory(size), self._stream.pinned_memory(size))
