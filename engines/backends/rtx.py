"""What TensorRT-RTX adds when a plan runs: it compiles kernels on the GPU, and captures CUDA graphs itself.

A kernel for a batch size is compiled in the background when that size first comes; until then a slower one
for all sizes runs. Graphs are captured by the library once that is done, which no caller could know.
"""

from pathlib import Path
from typing import Any

from engines.plans.files import locked, write_whole


class RtxContext:
    """An execution context with its settings, and the compiled kernels kept in `path`."""

    def __init__(self, api: Any, engine: Any, path: Path, cuda_graphs: bool) -> None:
        self._path = path
        self._config = engine.create_runtime_config()
        if cuda_graphs:
            self._config.cuda_graph_strategy = api.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
        self._kernels = self._config.create_runtime_cache()
        self._kept = path.stat().st_size if path.exists() else 0
        if self._kept and not self._kernels.deserialize(path.read_bytes()):
            self._kept = 0  # of another GPU, driver or version: they are compiled anew
        self._config.set_runtime_cache(self._kernels)
        self.context = engine.create_execution_context(self._config)

    def close(self) -> None:
        """Keep the kernels that were compiled since. A folder that cannot be written costs only time."""
        kernels = bytes(self._kernels.serialize() or b"")
        self.context = None
        if len(kernels) <= self._kept:
            return
        try:
            with locked(self._path):
                write_whole(self._path, kernels)
        except OSError:
            return
