"""A float32 ONNX graph to a strongly typed float16 one, for compilers that keep each tensor's type.

The types are changed by onnxruntime.transformers.float16. It clips what float16 cannot hold without a word,
so the ranges of all tensors are looked at first.
"""

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.errors import ExportError
from engines.onnx_package import onnx_package
from engines.spec import TensorSpec

_LARGEST = float(np.finfo(np.float16).max)
_SMALLEST = 128 * float(np.finfo(np.float16).smallest_subnormal)
"""A tensor whose largest value is below keeps fewer than seven bits of it."""
_IMAGES = 2


def to_half(onnx: Path) -> bytes:
    """The graph in `onnx` with weights and arithmetic in float16; inputs and outputs stay float32.

    Raises ExportError if a weight or, on test images, a tensor is too large for float16 or so small that
    all of it would vanish; LibraryError where `onnx` is not installed.
    """
    model = onnx_package().load(str(onnx))
    from onnxruntime.transformers.float16 import convert_float_to_float16  # late, because it needs `onnx`

    _check_weights(model, onnx)
    _check_tensors(model, onnx)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's and the converter's own, on values that were checked above
        half = convert_float_to_float16(model, keep_io_types=True)
    return bytes(half.SerializeToString())


def _check_weights(model: Any, source: Path) -> None:
    from onnx import TensorProto, numpy_helper

    for weight in model.graph.initializer:
        if weight.data_type == TensorProto.FLOAT:
            _check_range(numpy_helper.to_array(weight), f"weight {weight.name!r}", source)


def _check_tensors(model: Any, source: Path) -> None:
    """Run the float32 graph with every tensor in sight."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all_tensors.onnx"
        path.write_bytes(_with_every_tensor_as_output(model))
        with OnnxRuntimeEngine(path) as engine:
            tensors = engine.infer({spec.name: _test_images(spec) for spec in engine.inputs})
    for name, values in tensors.items():
        if values.dtype == np.float32:
            _check_range(values, f"tensor {name!r}", source)


def _with_every_tensor_as_output(model: Any) -> bytes:
    from onnx import TensorProto, shape_inference

    every = shape_inference.infer_shapes(model)
    shown = {output.name for output in every.graph.output}
    computed = {name for node in every.graph.node for name in node.output} - shown
    every.graph.output.extend(
        info
        for info in every.graph.value_info
        if info.name in computed and info.type.tensor_type.elem_type == TensorProto.FLOAT
    )
    return bytes(every.SerializeToString())


def _test_images(spec: TensorSpec) -> NDArray[np.float32]:
    """A batch of noise and a ramp from black to white: all gray levels, with edges and without."""
    shape = (_IMAGES, *spec.shape[1:])
    images = np.random.default_rng(0).random(shape, dtype=np.float32)
    images[1] = np.linspace(0.0, 1.0, shape[-1], dtype=np.float32)
    return images


def _check_range(values: NDArray[np.float32], what: str, source: Path) -> None:
    largest = float(np.abs(values).max(initial=0.0))
    if not largest <= _LARGEST:
        raise ExportError(
            f"{what} of {source} reaches {largest:.3g}, float16 ends at {_LARGEST:.0f}; use tf32"
        )
    if 0.0 < largest < _SMALLEST:
        raise ExportError(
            f"{what} of {source} reaches {largest:.1e} only, which vanishes in float16 (below "
            f"{_SMALLEST:.1e}); use tf32"
        )
