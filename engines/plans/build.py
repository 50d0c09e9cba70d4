"""ONNX to a serialized TensorRT plan."""

from pathlib import Path
from typing import Any

from engines.errors import PlanError
from engines.plans.gpu import ANY_GPU, Gpu
from engines.plans.profile import BatchProfile
from engines.plans.vendor import Vendor, installed_vendor
from engines.precision import Precision


def build_plan(
    onnx: Path,
    profile: BatchProfile,
    precision: Precision = Precision.FP32,
    gpu: Gpu = ANY_GPU,
    vendor: Vendor | None = None,
) -> bytes:
    """The plan of `onnx`, whose weights are inside and whose only dynamic dimension is the batch.

    Raises PlanError with what TensorRT said, LibraryError where it is not installed.
    """
    vendor = vendor or installed_vendor()
    vendor.check(precision, gpu)
    vendor.log.take_errors()  # what an earlier call left says nothing of this graph
    builder = vendor.api.Builder(vendor.log)
    network = vendor.create_network(builder, precision)
    _parse(vendor, network, onnx)
    config = builder.create_builder_config()
    vendor.set_precision(config, precision)
    vendor.set_target(config, gpu)
    _add_profile(vendor, builder, config, network, profile, onnx)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise PlanError(
            f"{vendor.flavour} {vendor.version} cannot build a plan of {onnx}: {_said(vendor)}; "
            "mend the driver or the graph that this names, or use the onnxruntime backend"
        )
    return bytes(plan)


def _parse(vendor: Vendor, network: Any, onnx: Path) -> None:
    try:
        graph = onnx.read_bytes()
    except OSError as reason:
        raise PlanError(f"cannot read {onnx}: {reason.strerror}; check the path") from reason
    parser = vendor.api.OnnxParser(network, vendor.log)
    if not parser.parse(graph):
        errors = "; ".join(_described(parser.get_error(index)) for index in range(parser.num_errors))
        raise PlanError(
            f"{vendor.flavour} {vendor.version} cannot take the graph {onnx}: {errors or _said(vendor)}; "
            "export it anew without what is named here, or use the onnxruntime backend"
        )


def _described(error: Any) -> str:
    node = f" at node {error.node_name()!r} ({error.node_operator()})" if error.node_operator() else ""
    return f"{error.desc()}{node}"


def _add_profile(
    vendor: Vendor, builder: Any, config: Any, network: Any, profile: BatchProfile, onnx: Path
) -> None:
    shapes = builder.create_optimization_profile()
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        try:
            shapes.set_shape(tensor.name, *profile.shapes(tuple(tensor.shape)[1:]))
        except ValueError as reason:
            raise PlanError(f"input {tensor.name!r} of {onnx}: {reason}") from reason
    if config.add_optimization_profile(shapes) < 0:
        raise PlanError(f"{onnx} does not take batches of {profile}: {_said(vendor)}; choose others")


def _said(vendor: Vendor) -> str:
    return "; ".join(vendor.log.take_errors()) or "it gave no reason"
