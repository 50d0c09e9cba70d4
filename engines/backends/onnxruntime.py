"""ONNX Runtime on the CPU: the backend that is always there."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as native

from engines.backends.port import Arrays, Engine, check_inputs, not_open
from engines.errors import WeightsError
from engines.spec import DYNAMIC, TensorSpec

_DTYPES = {"tensor(float)": "float32", "tensor(int64)": "int64", "tensor(uint8)": "uint8"}
_ERRORS_ONLY = 3
_LOAD_ERRORS = (
    native.Fail,
    native.InvalidArgument,
    native.InvalidGraph,
    native.InvalidProtobuf,
    native.NoSuchFile,
    native.NotImplemented,
    native.RuntimeException,
)


class OnnxRuntimeEngine(Engine):
    """An ONNX file; `threads` for one call (more engines, not more threads, serve more callers)."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._path = path
        self._threads = threads
        self._session: Any = None

    def open(self) -> None:
        """Load and optimise the graph. Raises WeightsError for a file that is none."""
        if self._session is not None:
            return
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        try:
            self._session = onnxruntime.InferenceSession(
                str(self._path), options, providers=["CPUExecutionProvider"]
            )
        except _LOAD_ERRORS as reason:
            raise WeightsError(f"{self._path} is not an ONNX file that can run: {reason}") from reason

    def close(self) -> None:
        """Let go of the session and its memory."""
        self._session = None

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What the graph takes. Raises EngineClosed."""
        return tuple(_spec(node) for node in self._opened().get_inputs())

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What the graph gives. Raises EngineClosed."""
        return tuple(_spec(node) for node in self._opened().get_outputs())

    def infer(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        """Run once. Raises EngineClosed or InputError."""
        session = self._opened()
        check_inputs(self.inputs, arrays)
        names = [spec.name for spec in self.outputs]
        return dict(zip(names, session.run(names, dict(arrays)), strict=True))

    def _opened(self) -> Any:
        if self._session is None:
            raise not_open(self._path)
        return self._session


def _spec(node: Any) -> TensorSpec:
    shape = tuple(length if isinstance(length, int) else DYNAMIC for length in node.shape)
    return TensorSpec(node.name, shape, _DTYPES[node.type])
