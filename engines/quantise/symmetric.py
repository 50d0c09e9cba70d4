"""An int8 graph for ONNX Runtime to one for TensorRT, which takes no zero points."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.onnx_package import onnx_package
from engines.stored_half import restored

_LARGEST = 127
_UINT8 = 255


def to_symmetric(onnx: Path) -> bytes:
    """The graph in `onnx` with int8 activations around zero in place of uint8 ones with a zero point.

    A uint8 range also clips, and ReLU and Clip before it may be gone for that reason: an explicit Clip takes
    over. Half of a range that begins at zero is then unused, which is one bit of eight. Weights, float32
    parts and a graph that is symmetric already stay as they are. Raises LibraryError without `onnx`.
    """
    model = restored(onnx_package().load(str(onnx)))
    constants = {constant.name: constant for constant in model.graph.initializer}
    scales: dict[tuple[str, str], str] = {}
    nodes: list[Any] = []
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear") and _is_uint8(node, constants):
            low, high = _range(node, constants)
            if node.op_type == "QuantizeLinear":
                nodes.append(_clip(model, node, low, high))
            _retype(model, node, max(-low, high) / _LARGEST, scales)
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return bytes(model.SerializeToString())


def _is_uint8(node: Any, constants: dict[str, Any]) -> bool:
    from onnx import TensorProto

    zero_point = constants.get(node.input[2]) if len(node.input) > 2 else None  # noqa: PLR2004 - optional third
    return zero_point is not None and zero_point.data_type == TensorProto.UINT8


def _range(node: Any, constants: dict[str, Any]) -> tuple[float, float]:
    """Smallest and largest value that the node can represent."""
    from onnx import numpy_helper

    scale = float(numpy_helper.to_array(constants[node.input[1]]))
    zero = int(numpy_helper.to_array(constants[node.input[2]]))
    return -zero * scale, (_UINT8 - zero) * scale


def _clip(model: Any, node: Any, low: float, high: float) -> Any:
    """A Clip before `node`, which now reads from it."""
    from onnx import helper

    clipped = f"{node.name}_clipped"
    bounds = [
        _constant(model, f"{clipped}_{end}", np.float32(at)) for end, at in (("low", low), ("high", high))
    ]
    clip = helper.make_node("Clip", [node.input[0], *bounds], [clipped], name=f"{node.name}_clip")
    node.input[0] = clipped
    return clip


def _retype(model: Any, node: Any, scale: float, scales: dict[tuple[str, str], str]) -> None:
    """Give `node` a new scale and the zero point 0; its pair, which shares the old ones, gets the same."""
    pair = (node.input[1], node.input[2])
    if pair not in scales:
        scales[pair] = _constant(model, f"{node.input[1]}_symmetric", np.float32(scale))
        _constant(model, f"{scales[pair]}_zero", np.int8(0))
    node.input[1], node.input[2] = scales[pair], f"{scales[pair]}_zero"


def _constant(model: Any, name: str, value: np.generic) -> str:
    from onnx import numpy_helper

    array: NDArray[Any] = np.asarray(value)
    model.graph.initializer.append(numpy_helper.from_array(array, name))
    return name
