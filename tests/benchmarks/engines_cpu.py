"""Backends on the CPU: one network, every backend in turns, ratios against PyTorch from the same rounds."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import torch

from engines.catalog import find_classifier
from engines.precision import Precision
from tests.benchmarks.cpu_sides import (
    COMPILED,
    EAGER,
    FORWARD,
    ORT,
    ORT_INT8,
    Run,
    compiled_run,
    cpu_sides,
    onnxruntime_run,
)
from tests.benchmarks.harness.machine import Say
from tests.benchmarks.harness.results import Result
from tests.benchmarks.harness.rounds import Ratio, Rounds, interleaved
from tests.benchmarks.networks import Exported, random_images

SHIPPED = "us-mass"
TARGET_THREADS, TARGET_BATCHES = 2, (1, 8)
TARGETS = {ORT: 1.5, ORT_INT8: 4.0}
"""Speed over PyTorch, with TARGET_THREADS and each of TARGET_BATCHES."""
HEATMAP_TARGET, HEATMAP_BATCH = 1.1, 8
SHIPPED_MS = 150.0
"""An image with its heatmap, with TARGET_THREADS, alone."""
_WEIGHTS = "random weights (times do not depend on them)"


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured; `rounds` by batch size."""

    threads: tuple[int, ...]
    rounds: Mapping[int, int]
    compiled: bool


FULL = Extent((1, 2), {1: 15, 8: 7, 32: 3}, compiled=True)
QUICK = Extent((1,), {1: 1, HEATMAP_BATCH: 1}, compiled=False)


@dataclass(frozen=True, slots=True)
class _Setting:
    """One network with one thread count and batch size."""

    architecture: str
    threads: int
    batch: int

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.architecture}, {threads}, batch {self.batch}"


def measure_cpu(extent: Extent, exported: Exported, say: Say) -> list[Result]:
    """Every backend, thread count and batch size of `extent`."""
    threads_before = torch.get_num_threads()
    results: list[Result] = []
    try:
        for threads in extent.threads:
            torch.set_num_threads(threads)
            with ExitStack() as resources:
                sides = cpu_sides(exported, threads, resources)
                shipped = _shipped(threads, resources)
                for batch, rounds in extent.rounds.items():
                    setting = _Setting(exported.architecture, threads, batch)
                    say(str(setting))
                    results += _network(setting, sides, exported, rounds, extent.compiled)
                    results += _classifier(_Setting(SHIPPED, threads, batch), shipped, rounds)
    finally:
        torch.set_num_threads(threads_before)
    return results


def _network(
    setting: _Setting, sides: Mapping[str, Run], exported: Exported, rounds: int, compiled: bool
) -> list[Result]:
    images = exported.images(setting.batch)
    chosen, skipped = dict(sides), []
    if compiled:
        run, reason = compiled_run(exported, images)
        if run is None:
            skipped.append(Result.skipped(f"{setting}: {COMPILED}", reason))
        else:
            chosen[COMPILED] = run
    measured = interleaved({name: partial(run, images) for name, run in chosen.items()}, rounds)
    speeds = [_speed(setting, name, measured, _WEIGHTS) for name in chosen]
    ratios = [_over_eager(setting, name, measured) for name in chosen if name not in (EAGER, FORWARD)]
    return [*speeds, *ratios, _heatmap(setting, measured.ratio(ORT, FORWARD)), *skipped]


def _shipped(threads: int, resources: ExitStack) -> dict[str, Run]:
    manifest = find_classifier(SHIPPED)
    precisions = (Precision.FP32, Precision.INT8) if manifest.int8 is not None else (Precision.FP32,)
    return {
        f"ONNX Runtime {precision}": onnxruntime_run(manifest.checked_weights(precision), threads, resources)
        for precision in precisions
    }


def _classifier(setting: _Setting, runs: Mapping[str, Run], rounds: int) -> list[Result]:
    images = random_images(setting.batch, find_classifier(SHIPPED).input.size)
    measured = interleaved({name: partial(run, images) for name, run in runs.items()}, rounds)
    speeds = [_speed(setting, name, measured, "the shipped weights") for name in runs]
    if (setting.threads, setting.batch) != (TARGET_THREADS, 1):
        return speeds
    return [*speeds, *(_time_of_one(setting, name, measured) for name in runs)]


def _speed(setting: _Setting, name: str, measured: Rounds, how: str) -> Result:
    median_s = measured.median_s(name)
    how = f"{how}, median of {len(measured.seconds[name])} rounds, {median_s * 1e3:.1f} ms a batch"
    return Result(f"{setting}: {name}", setting.batch / median_s, "images/s", how)


def _time_of_one(setting: _Setting, name: str, measured: Rounds) -> Result:
    how = f"with its heatmap, median of {len(measured.seconds[name])} rounds"
    return Result.at_most(
        f"{setting}: time of an image, {name}", measured.median_s(name) * 1e3, "ms", how, SHIPPED_MS
    )


def _over_eager(setting: _Setting, name: str, measured: Rounds) -> Result:
    ratio = measured.ratio(EAGER, name)
    measure, how = f"{setting}: {name} over {EAGER}", _how(ratio)
    if name in TARGETS and setting.threads == TARGET_THREADS and setting.batch in TARGET_BATCHES:
        return Result.at_least(measure, ratio.median, "x", how, TARGETS[name])
    return Result(measure, ratio.median, "x", how)


def _heatmap(setting: _Setting, ratio: Ratio) -> Result:
    measure = f"{setting}: time with the heatmap over a forward pass alone, ONNX Runtime fp32"
    if setting.batch == HEATMAP_BATCH:
        return Result.at_most(measure, ratio.median, "x", _how(ratio), HEATMAP_TARGET)
    return Result(measure, ratio.median, "x", _how(ratio))


def _how(ratio: Ratio) -> str:
    return f"of times in the same rounds: {ratio}"
