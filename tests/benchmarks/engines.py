"""`make bench-engines`: backends and workers measured, into build/results/engines-*.json and a table."""

import argparse
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import onnxruntime
import torch
from rich.console import Console

from engines.errors import EngineError
from service.errors import PrereadError
from service.wiring.classifiers import CPU_BATCH
from tests.benchmarks import cold_start, engines_cpu, engines_gpu, worker
from tests.benchmarks.harness.asked import benchmark_parser
from tests.benchmarks.harness.machine import IDLE_SHARE, OthersLoad, Say, wait_until_idle
from tests.benchmarks.harness.results import Result, show, with_note, write_results
from tests.benchmarks.kept import keep
from tests.benchmarks.networks import RESNET50, TINY, Exported, export_random, temporary_classifier
from tests.benchmarks.studies import jpeg_frames

FRAMES, COLD_STARTS = 25, 5
LARGEST_GPU_BATCH = 32
BUSY = "machine was busy"
GPU_PARTS = ("gpu", "gpu-worker")
PLANS = Path("build/plans")
"""Kept from run to run: building one takes minutes."""


class Bench:
    """What the parts share. `quick`: a tiny network and one round, to see that everything runs."""

    def __init__(self, folder: Path, quick: bool, say: Say) -> None:
        self.folder = folder
        self.quick = quick
        self.say = say
        self.frames = cache(lambda: jpeg_frames(1 if quick else FRAMES))
        self.exported = cache(self._export)
        self.random_classifier = cache(
            lambda: temporary_classifier(folder / "classifiers" / "random", self.exported())
        )

    def cpu_backends(self) -> list[Result]:
        """Backends on the CPU."""
        extent = engines_cpu.QUICK if self.quick else engines_cpu.FULL
        return engines_cpu.measure_cpu(extent, self.exported(), self.say)

    def workers(self) -> list[Result]:
        """Workers on the CPU, and their cold start."""
        infer = {"backend": "onnxruntime"}
        shipped = worker.Case("us-mass", infer, CPU_BATCH, target=0.9)
        results = self._worker(shipped)
        results += self._worker(self._with_random_network(infer, CPU_BATCH, target=0.9))
        starts, folder = 1 if self.quick else COLD_STARTS, self.folder / "cold"
        return results + cold_start.measure_cold_start(self.frames()[:2], starts, folder, self.say)

    def gpu_backends(self) -> list[Result]:
        """Backends on a GPU."""
        return self._no_gpu() or engines_gpu.measure_gpu(self.exported(), PLANS, self.say)

    def gpu_workers(self) -> list[Result]:
        """A worker on a GPU, of each backend and precision that runs there."""
        results = self._no_gpu()
        if results:
            return results
        plans = {"plan_folder": str(PLANS)}
        for chosen in (
            {"backend": "tensorrt", "precision": "fp32"} | plans,
            {"backend": "tensorrt", "precision": "fp16"} | plans,
            {"backend": "onnxruntime-cuda"},
        ):
            infer = chosen | {"largest_batch": LARGEST_GPU_BATCH}
            case = self._with_random_network(infer, LARGEST_GPU_BATCH, target=0.8)
            try:
                results += self._worker(case)
            except (EngineError, PrereadError) as reason:
                results.append(Result.skipped(f"{case}: worker", str(reason)))
        return results

    def _no_gpu(self) -> list[Result]:
        missing = engines_gpu.gpu_missing()
        if not missing:
            return []
        self.say(f"nothing is measured on a GPU: {missing}")
        return [Result.skipped("GPU", missing)]

    def _export(self) -> Exported:
        self.say("exporting the network")
        return export_random(TINY if self.quick else RESNET50, self.folder / "graphs")

    def _with_random_network(self, infer: Mapping[str, Any], batch: int, target: float) -> worker.Case:
        manifest, folder = self.random_classifier(), self.folder / "classifiers"
        return worker.Case(manifest.name, {**infer, "classifier_folders": [str(folder)]}, batch, target)

    def _worker(self, case: worker.Case) -> list[Result]:
        extent = worker.QUICK if self.quick else worker.FULL
        folder = Path(tempfile.mkdtemp(dir=self.folder, prefix="worker-"))
        return worker.measure_worker(case, extent, self.frames(), folder, self.say)


PARTS: dict[str, Callable[[Bench], list[Result]]] = {
    "cpu": Bench.cpu_backends,
    "worker": Bench.workers,
    "gpu": Bench.gpu_backends,
    "gpu-worker": Bench.gpu_workers,
}
"""What can be measured, by the name that it is asked for with."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts that are asked for, one after the other."""
    asked = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    with tempfile.TemporaryDirectory(prefix="preread-bench-") as folder:
        bench = Bench(Path(folder), asked.quick, console.log)
        for name in [asked.only] if asked.only else PARTS:
            results = measured(partial(PARTS[name], bench), asked.quick, console.log)
            path = asked.results / f"engines-{name}.json"
            write_results(path, results)
            show(console, f"{name}: {path}", results)
            if asked.keep and name in GPU_PARTS and not engines_gpu.gpu_missing():
                console.log(f"kept: {keep(name, results)}")
    return 0


def measured(part: Callable[[], list[Result]], quick: bool, say: Say) -> list[Result]:
    """The part's results, with what there is to say of the machine."""
    was_idle = quick or wait_until_idle(say)
    load = OthersLoad()
    results = part()
    others = load.share()
    if not was_idle or others >= IDLE_SHARE:
        say("the machine was busy with other work: these results say little")
        results = with_note(results, BUSY)
    how = f"{platform.machine()}, torch {torch.__version__}, ONNX Runtime {onnxruntime.__version__}"
    return [*results, Result("load by other processes meanwhile", others, "of 1", how)]


def _parser() -> argparse.ArgumentParser:
    parser = benchmark_parser("bench-engines", __doc__, "a tiny network, one round, no waiting")
    parser.add_argument("--only", choices=PARTS, help="one part instead of all")
    parser.add_argument("--keep", action="store_true", help="keep GPU results in tests/gpu/results")
    return parser


if __name__ == "__main__":
    sys.exit(main())
