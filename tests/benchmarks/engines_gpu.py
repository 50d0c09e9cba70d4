"""Backends on a GPU: PyTorch and TensorRT in turns, against each other and against what the GPU could do."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from engines.errors import EngineError
from engines.precision import Precision
from tests.benchmarks.gpu_floor import Floor, measure_floor
from tests.benchmarks.gpu_sides import (
    COMPILED_FP16,
    EAGER_FP16,
    EAGER_FP32,
    Run,
    compiled_gpu_side,
    tensorrt_name,
    tensorrt_side,
    torch_gpu_sides,
)
from tests.benchmarks.harness.machine import Say
from tests.benchmarks.harness.results import Result
from tests.benchmarks.harness.rounds import Rounds, interleaved
from tests.benchmarks.networks import Exported

BATCHES = (1, 8, 32, 64, 128, 256)
ROUNDS = 20
FASTEST = tensorrt_name(Precision.FP16, heatmap=True)
TARGETS = {EAGER_FP32: 5.0, COMPILED_FP16: 1.3}
"""Throughput of FASTEST over these, each at its best batch."""


@dataclass(frozen=True, slots=True)
class _Best:
    batch: int
    images_per_s: float


def gpu_missing() -> str:
    """Why nothing can be measured on a GPU here, in one line; empty where it can."""
    if not torch.cuda.is_available():
        return f"PyTorch {torch.__version__} finds no GPU; see tests/gpu/results/README.md"
    return ""


def measure_gpu(exported: Exported, plans: Path, say: Say) -> list[Result]:
    """Latency with one image and throughput at the best batch; what does not run here is skipped."""
    name = exported.architecture
    floor = measure_floor(exported)
    results = _floor_results(name, floor)
    with ExitStack() as resources:
        sides = torch_gpu_sides(exported)
        for precision in Precision:
            for heatmap in (True, False):
                side = tensorrt_name(precision, heatmap)
                say(f"{name}: {side}")
                try:
                    sides[side] = tensorrt_side(exported, precision, heatmap, plans, resources)
                except EngineError as reason:
                    results.append(Result.skipped(f"{name}: {side}", str(reason)))
        measured: dict[int, Rounds] = {}
        for batch in BATCHES:
            say(f"{name}: batch {batch}")
            measured[batch], skipped = _rounds(name, exported, batch, sides)
            results += skipped
    return [*results, *latencies(name, measured[1], floor), *throughputs(name, measured, floor)]


def _rounds(
    name: str, exported: Exported, batch: int, sides: Mapping[str, Run]
) -> tuple[Rounds, list[Result]]:
    images, chosen, skipped = exported.images(batch), dict(sides), []
    for run in sides.values():  # TensorRT-RTX compiles kernels for this size behind it, while PyTorch does
        run(images)
    try:
        chosen[COMPILED_FP16] = compiled_gpu_side(exported, images)
    except RuntimeError as reason:
        first_line = str(reason).strip().splitlines()[0]
        skipped.append(Result.skipped(f"{name}, batch {batch}: {COMPILED_FP16}", first_line))
    return interleaved({side: partial(run, images) for side, run in chosen.items()}, ROUNDS), skipped


def _floor_results(name: str, floor: Floor) -> list[Result]:
    return [
        Result("peak arithmetic", floor.flop_per_s / 1e12, "TFLOP/s", "float16 matrix product of side 8192"),
        Result("peak bandwidth", floor.bytes_per_s / 1e9, "GB/s", "copy of 1 GiB, read and written"),
        Result(f"{name}: arithmetic", floor.flop / 1e9, "GFLOP/image", "forward pass, counted by PyTorch"),
    ]


def latencies(name: str, measured: Rounds, floor: Floor) -> list[Result]:
    """Of one image, by side."""
    results = []
    for side in measured.seconds:
        median_s = measured.median_s(side)
        how = f"copies included, median of {ROUNDS}, {median_s / floor.seconds(1):.1f} times the floor"
        results.append(Result(f"{name}, batch 1: {side}", median_s * 1e3, "ms", how))
    return results


def throughputs(name: str, measured: Mapping[int, Rounds], floor: Floor) -> list[Result]:
    """At each side's best batch, and FASTEST over the others. `measured`: by batch."""
    best: dict[str, _Best] = {}
    for batch, rounds in measured.items():
        for side in rounds.seconds:
            found = _Best(batch, batch / rounds.median_s(side))
            best[side] = max(best.get(side, found), found, key=lambda one: one.images_per_s)
    results = []
    for side, one in best.items():
        share = one.images_per_s * floor.seconds(one.batch) / one.batch
        how = f"copies included, best batch {one.batch}, {share:.0%} of the floor's rate"
        results.append(Result(f"{name}, best batch: {side}", one.images_per_s, "images/s", how))
    return results + _over(name, best)


def _over(name: str, best: Mapping[str, _Best]) -> list[Result]:
    if FASTEST not in best:
        return []
    how = "both at their best batch, measured in turns"
    results = []
    for other in (EAGER_FP32, EAGER_FP16, COMPILED_FP16):
        if other in best:
            measure = f"{name}: {FASTEST} over {other}"
            ratio = best[FASTEST].images_per_s / best[other].images_per_s
            if other in TARGETS:
                results.append(Result.at_least(measure, ratio, "x", how, TARGETS[other]))
            else:
                results.append(Result(measure, ratio, "x", how))
    return results
