"""What in a classifier's graph may be quantised, found by its structure."""

from typing import Any

from engines.errors import ExportError
from engines.spec import EMBEDDING

_MULTIPLYING = ("Conv", "Gemm", "MatMul")


def features(model: Any) -> list[str]:
    """Names of the nodes that the embedding is computed from, in the order in which they run.

    The embedding is the mean of the last maps, so this is the network without its head and without the
    heatmap: those are small, and what they give is looked at by itself. Raises ExportError.
    """
    producers = {output: node for node in model.graph.node for output in node.output}
    if EMBEDDING not in producers:
        raise ExportError(f"the graph has no output {EMBEDDING!r}; export the classifier anew")
    found: set[str] = set()
    waiting = list(producers[EMBEDDING].input)
    while waiting:
        node = producers.get(waiting.pop())
        if node is not None and node.name not in found:
            found.add(node.name)
            waiting.extend(node.input)
    return [node.name for node in model.graph.node if node.name in found]


def multiplications(model: Any) -> list[str]:
    """Names of the convolutions and matrix products among the features, in the order in which they run."""
    among = set(features(model))
    return [n.name for n in model.graph.node if n.name in among and n.op_type in _MULTIPLYING]


def outside(model: Any) -> list[str]:
    """Names of all nodes that are no features."""
    among = set(features(model))
    return [node.name for node in model.graph.node if node.name not in among]
