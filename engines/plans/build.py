"""ONNX to a serialized TensorRT plan."""

from pathlib import Path
from typing import Any

from engines.errors import PlanError
from engines.plans.gpu import ANY_GPU, Gpu
from engines.plans.profile import BatchProfile
from engines.plans.progress import Progress, new_monitor
from engines.plans.timing import TimingCache
from engines.plans.vendor import Vendor, installed_vendor
from engines.precision import Precision


def build_plan(
    onnx: Path,
    profile: BatchProfile,
    precision: Precision = Precision.FP32,
    gpu: Gpu = ANY_GPU,
    vendor: Vendor | None = None,
    *,
    timing: TimingCache | None = None,
    progress: Progress | None = None,
) -> bytes:
    """The plan of `onnx`, whose weights are inside and whose only dynamic dimension is the batch.

    For INT8 the file must hold QuantizeLinear and DequantizeLinear, without quantised biases.
    Raises PlanError with what TensorRT said, LibraryError where it is not installed, OSError if `timing`
    cannot be written, ExportError for a graph that float16 cannot hold.
    """
    vendor = vendor or installed_vendor()
    vendor.check(gpu)
    graph = _graph(onnx, precision, vendor)
    vendor.log.take_errors()  # what an earlier call left says nothing of this graph
    builder = vendor.api.Builder(vendor.log)
    network = vendor.create_network(builder, precision)
    _parse(vendor, network, graph, onnx)
    _check_quantised(vendor, network, precision, onnx)
    config = builder.create_builder_config()
    vendor.set_precision(config, precision)
    vendor.set_target(config, gpu)
    _add_profile(vendor, builder, config, network, profile, onnx)
    if progress is not None:
        monitor = new_monitor(vendor.api, progress)  # a name of its own: it must outlive the build
        config.progress_monitor = monitor
    measures = timing if vendor.times_kernels else None
    if measures is not None:
        measures.give(config)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise PlanError(
            f"{vendor.flavour} {vendor.version} cannot build a plan of {onnx}: {_said(vendor)}; "
            "mend the driver or the graph that this names, or use the onnxruntime backend"
        )
    if measures is not None:
        measures.take(config)
    return bytes(plan)


def _graph(onnx: Path, precision: Precision, vendor: Vendor) -> bytes:
    try:
        if precision is Precision.FP16 and not vendor.chooses(precision):
            from engines.half import to_half  # late, because only building needs the package onnx

            return to_half(onnx)
        if precision is Precision.INT8:
            from engines.quantise.symmetric import to_symmetric

            return to_symmetric(onnx)
        return onnx.read_bytes()
    except OSError as reason:
        raise PlanError(f"cannot read {onnx}: {reason.strerror}; check the path") from reason


def _parse(vendor: Vendor, network: Any, graph: bytes, onnx: Path) -> None:
    parser = vendor.api.OnnxParser(network, vendor.log)
    if not parser.parse(graph):
        errors = "; ".join(_described(parser.get_error(index)) for index in range(parser.num_errors))
        raise PlanError(
            f"{vendor.flavour} {vendor.version} cannot take the graph {onnx}: {errors or _said(vendor)}; "
            "export it anew without what is named here, or use the onnxruntime backend"
        )


def _check_quantised(vendor: Vendor, network: Any, precision: Precision, onnx: Path) -> None:
    # Without this a float32 file would become a float32 plan that calls itself int8.
    kinds = {network.get_layer(index).type for index in range(network.num_layers)}
    if precision is Precision.INT8 and vendor.api.LayerType.QUANTIZE not in kinds:
        raise PlanError(f"{onnx} holds no QuantizeLinear, so int8 has no scales; give the calibrated file")


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
