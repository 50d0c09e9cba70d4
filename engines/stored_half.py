"""Weights kept in float16 and computed with in float32: half the size on disk, nearly the same answers."""

from pathlib import Path
from typing import Any

import numpy as np

from engines.errors import ExportError
from engines.onnx_package import onnx_package

_FEW = 1024
"""Numbers. Smaller tensors are kept as they are: little to gain, and constants of the graph among them."""
_KEPT = "_float16"


def store_half(path: Path) -> None:
    """Rewrite the graph in `path` with its large float32 weights rounded to float16.

    Raises ExportError where one is too large for that, LibraryError where `onnx` is not installed.
    """
    onnx = onnx_package()
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(path))
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < _FEW:
            continue
        if not np.abs(values).max() <= np.finfo(np.float16).max:
            raise ExportError(f"weight {weight.name!r} of {path} is too large for float16: keep float32")
        name, kept = weight.name, weight.name + _KEPT
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), kept))
        casts.append(helper.make_node("Cast", [kept], [name], name=f"cast_{name}", to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, str(path))


def restored(model: Any) -> Any:
    """A loaded graph with those weights in float32 again, for whoever rewrites graphs; changed in place."""
    from onnx import numpy_helper

    stored = {weight.name: weight for weight in model.graph.initializer if weight.name.endswith(_KEPT)}
    for node in [node for node in model.graph.node if node.op_type == "Cast" and node.input[0] in stored]:
        weight = stored[node.input[0]]
        values = numpy_helper.to_array(weight).astype(np.float32)
        weight.CopyFrom(numpy_helper.from_array(values, node.output[0]))
        model.graph.node.remove(node)
    return model
