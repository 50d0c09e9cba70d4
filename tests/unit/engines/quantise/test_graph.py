from pathlib import Path

import onnx
import pytest

from engines.errors import ExportError
from engines.quantise.graph import features, multiplications, outside


def test_the_features_are_what_the_embedding_is_computed_from(tiny_onnx: Path) -> None:
    model = onnx.load(tiny_onnx)
    types = {node.name: node.op_type for node in model.graph.node}
    assert [types[name] for name in multiplications(model)] == ["Conv", "Conv"]
    assert "Gemm" in {types[name] for name in outside(model)}


def test_every_node_is_inside_or_outside(tiny_onnx: Path) -> None:
    model = onnx.load(tiny_onnx)
    assert {*features(model), *outside(model)} == {node.name for node in model.graph.node}
    assert not {*features(model)} & {*outside(model)}


def test_a_graph_without_an_embedding_is_refused(tiny_onnx: Path) -> None:
    model = onnx.load(tiny_onnx)
    for node in model.graph.node:
        node.output[:] = [name.replace("embedding", "something") for name in node.output]
    with pytest.raises(ExportError, match="no output 'embedding'"):
        multiplications(model)
