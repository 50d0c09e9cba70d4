"""ONNX Runtime: on the CPU the backend that is always there, on a GPU with the package onnxruntime-gpu."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines.backends.port import Arrays, Engine, check_inputs, not_open
from engines.errors import InferenceError, LibraryError, WeightsError
from engines.spec import DYNAMIC, TensorSpec

_DTYPES = {"tensor(float)": "float32", "tensor(int64)": "int64", "tensor(uint8)": "uint8"}
_ERRORS_ONLY = 3
_CUDA = "CUDAExecutionProvider"

Provider = Literal["cpu", "cuda"]


class OnnxRuntimeEngine(Engine):
    """An ONNX file; `threads` for one call (more engines, not more threads, serve more callers).

    `device`: the GPU, as CUDA counts, for provider "cuda".
    """

    def __init__(self, path: Path, threads: int = 1, provider: Provider = "cpu", device: int = 0) -> None:
        self._path = path
        self._threads = threads
        self._provider = provider
        self._device = device
        self._session: Any = None

    def open(self) -> None:
        """Load and optimise the graph.

        Raises WeightsError for a file that is none, LibraryError where ONNX Runtime is not installed, or the
        GPU is asked for and this ONNX Runtime cannot use it.
        """
        if self._session is not None:
            return
        onnxruntime = _library()
        providers = _cuda_providers(self._device) if self._provider == "cuda" else ["CPUExecutionProvider"]
        try:
            session = onnxruntime.InferenceSession(
                str(self._path), _options(self._threads), providers=providers
            )
        except _errors() as reason:
            raise WeightsError(f"{self._path} is not an ONNX file that can run: {reason}") from reason
        if self._provider == "cuda" and _CUDA not in session.get_providers():
            raise LibraryError(
                "ONNX Runtime fell back to the CPU: the CUDA and cuDNN libraries that onnxruntime-gpu needs "
                "do not load; pip install 'onnxruntime-gpu[cuda,cudnn]', or use provider cpu"
            )
        self._session = session

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
        """Run once. Raises EngineClosed, InputError, or InferenceError, such as for want of memory."""
        session = self._opened()
        check_inputs(self.inputs, arrays)
        names = [spec.name for spec in self.outputs]
        try:
            answers = session.run(names, dict(arrays))
        except _errors(MemoryError) as reason:
            raise InferenceError(f"{self._path} did not run: {reason}; send a smaller batch") from reason
        return dict(zip(names, answers, strict=True))

    def _opened(self) -> Any:
        if self._session is None:
            raise not_open(self._path)
        return self._session


def installed_version() -> str:
    """The version of ONNX Runtime. Raises LibraryError where it is not installed."""
    return str(_library().__version__)


def offers_cuda() -> bool:
    """Whether the installed ONNX Runtime was built for CUDA. Its libraries may still be missing.

    Raises LibraryError where ONNX Runtime is not installed.
    """
    return _CUDA in _library().get_available_providers()


def _library() -> Any:
    """Imported by who runs networks only: the image of the service's other roles does without it."""
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise LibraryError("ONNX Runtime is not installed here: pip install onnxruntime") from None
    return onnxruntime


def _errors(*beside: type[Exception]) -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises, which has no common parent; and others `beside`."""
    from onnxruntime.capi import onnxruntime_pybind11_state as native

    return (
        native.Fail,
        native.InvalidArgument,
        native.InvalidGraph,
        native.InvalidProtobuf,
        native.NoSuchFile,
        native.NotImplemented,
        native.RuntimeException,
        native.EPFail,
        native.EngineError,
        *beside,
    )


def _options(threads: int) -> Any:
    """Optimisation is at its highest, memory is kept between calls: ONNX Runtime's defaults.

    No gain was seen from other settings of the memory arena and pattern, on a machine that was not idle.
    """
    options = _library().SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # Waiting threads sleep instead of spinning: about half of the processor time with two threads (us-mass,
    # single images, 14 against 40 ms each, on a machine that was not idle), which decoding needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _cuda_providers(device: int) -> list[Any]:
    if not offers_cuda():
        raise LibraryError(
            "this ONNX Runtime has no CUDA: pip uninstall onnxruntime, pip install onnxruntime-gpu, "
            "or use provider cpu"
        )
    # Float32 with all its bits, as on the CPU. The CPU stays for operators that only it has.
    return [(_CUDA, {"device_id": str(device), "use_tf32": "0"}), "CPUExecutionProvider"]


def _spec(node: Any) -> TensorSpec:
    shape = tuple(length if isinstance(length, int) else DYNAMIC for length in node.shape)
    return TensorSpec(node.name, shape, _DTYPES[node.type])
