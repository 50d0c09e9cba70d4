"""A float32 ONNX graph to a strongly typed float16 one, for compilers that keep each tensor's type.

The types are changed by onnxruntime.transformers.float16. It clips what float16 cannot hold without a word,
so the ranges of all tensors are looked at first: what makes or takes one that would overflow or vanish stays
in float32.
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
from engines.stored_half import restored

_LARGEST = float(np.finfo(np.float16).max)
_SMALLEST = 128 * float(np.finfo(np.float16).smallest_subnormal)
"""A tensor whose largest value is below keeps fewer than seven bits of it."""
_IMAGES = 2


def to_half(onnx: Path) -> bytes:
    """The graph in `onnx` with weights and arithmetic in float16; inputs and outputs stay float32.

    So do tensors that, on test images, are too large for float16 or so small that all of them would vanish.
    Raises ExportError for such a weight, LibraryError where `onnx` is not installed.
    """
    model = restored(onnx_package().load(str(onnx)))
    from onnxruntime.transformers.float16 import convert_float_to_float16  # late, because it needs `onnx`

    _check_weights(model, onnx)
    _name_nodes(model)
    kept = _outside_of_half(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's and the converter's own, on values that were checked above
        half = convert_float_to_float16(model, keep_io_types=True, node_block_list=kept)
    _keep_whole(half)
    return bytes(half.SerializeToString())


def _keep_whole(model: Any) -> None:
    """What stays in float32 from one node to the next does not pass through float16 between them."""
    from onnx import TensorProto

    casts = {node.output[0]: node for node in model.graph.node if node.op_type == "Cast"}
    whole = {
        name: casts[back.input[0]].input[0]
        for name, back in casts.items()
        if _target(back) == TensorProto.FLOAT
        and back.input[0] in casts
        and _target(casts[back.input[0]]) == TensorProto.FLOAT16
    }
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = whole.get(name, name)


def _target(cast: Any) -> int:
    return int(next(attribute.i for attribute in cast.attribute if attribute.name == "to"))


def _check_weights(model: Any, source: Path) -> None:
    from onnx import TensorProto, numpy_helper

    for weight in model.graph.initializer:
        if weight.data_type == TensorProto.FLOAT:
            why = _unfit(numpy_helper.to_array(weight))
            if why:
                raise ExportError(f"weight {weight.name!r} of {source} {why}; use tf32")


def _name_nodes(model: Any) -> None:
    """The converter knows nodes by their names, which need not be there."""
    for number, node in enumerate(model.graph.node):
        node.name = node.name or f"node_{number}"


def _outside_of_half(model: Any) -> list[str]:
    """Names of the nodes that make or take a tensor that float16 cannot hold: the float32 graph is run with
    every tensor in sight.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all_tensors.onnx"
        path.write_bytes(_with_every_tensor_as_output(model))
        with OnnxRuntimeEngine(path) as engine:
            tensors = engine.infer({spec.name: _test_images(spec) for spec in engine.inputs})
    unfit = {name for name, values in tensors.items() if values.dtype == np.float32 and _unfit(values)}
    return [node.name for node in model.graph.node if unfit & {*node.input, *node.output}]


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


def _unfit(values: NDArray[np.float32]) -> str:
    """Why float16 cannot hold these; empty where it can."""
    largest = float(np.abs(values).max(initial=0.0))
    if not largest <= _LARGEST:
        return f"reaches {largest:.3g}, float16 ends at {_LARGEST:.0f}"
    if 0.0 < largest < _SMALLEST:
        return f"reaches {largest:.1e} only, which vanishes in float16 (below {_SMALLEST:.1e})"
    return ""
