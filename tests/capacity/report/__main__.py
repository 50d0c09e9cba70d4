"""`make capacity-report`: deploy/helm/CAPACITY.md and its plots, from what `make bench-capacity` measured."""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.benchmarks.harness.results import RESULTS, Result, read_results
from tests.capacity.model.inputs import Inputs, load_inputs
from tests.capacity.model.measured import Measured, set_ups
from tests.capacity.report import plots, tables
from tests.capacity.report.compared import compared
from tests.capacity.report.page import filled
from tests.capacity.report.sizes import sizes
from tests.faults.servers import SetUp

PAGE = Path("deploy/helm/CAPACITY.md")
PLOTS = Path("deploy/helm/capacity")
KEPT = Path("tests/capacity/results/capacity.json")
"""The figures that the page is made of: a copy of what was measured."""
GPU_RESULTS = Path("tests/gpu/results")
GPU_MEASURE = "resnet50, batch 1: torch.compile fp16, CUDA graphs"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page. Exit status 1 where nothing was measured."""
    asked = _parser().parse_args(arguments)
    console = Console()
    fresh = asked.results / "capacity.json"
    if fresh.exists() and not asked.kept:
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(fresh, KEPT)
    if not KEPT.exists():
        console.print("nothing was measured: run `make bench-capacity` first")
        return 1
    with console.status("a day of every number of hospitals"):
        parts = _parts(read_results(KEPT), load_inputs())
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), parts), encoding="utf-8")
    console.print(f"written: {PAGE} and {PLOTS}")
    return 0


def _parts(results: Sequence[Result], inputs: Inputs) -> dict[str, str]:
    names = set_ups(results)
    side_by_side = {one: compared(results, one) for one in names}
    # Sizes are those of a department, with servers where they were measured.
    of_sizes = str(SetUp.SERVERS) if SetUp.SERVERS in names else names[0]
    found = sizes(Measured.of(results, of_sizes), inputs)
    middle = sorted(inputs.costs)[len(inputs.costs) // 2]
    plots.draw_latencies(side_by_side, PLOTS / "latency.svg")
    plots.draw_stages(results, PLOTS / "stages.svg")
    plots.draw_day([one for one in found if one.cost == middle], PLOTS / "day.svg")
    plots.draw_workers(found, PLOTS / "workers.svg")
    latencies = [
        f"{one}, last image to delivered, measured / simulated:\n\n"
        f"{tables.latencies(results, one, side_by_side[one])}"
        for one in names
    ]
    return {
        "machine": tables.machine(results),
        "stages": tables.per_stage(results),
        "worker": tables.worker(results),
        "latencies": "\n\n".join(latencies),
        "nodes": tables.nodes(results, inputs, of_sizes),
        "inputs": tables.assumptions(inputs),
        "sizes": tables.sizes(found, inputs),
        "cores": tables.cores(found),
        "gpus": f"{tables.gpus(found)}\n\n{_gpu_measured()}",
    }


def _gpu_measured() -> str:
    """The one figure of a GPU that there is, with its source."""
    for path in sorted(GPU_RESULTS.glob("*-gpu.json"), reverse=True):
        told = json.loads(path.read_text(encoding="utf-8"))
        for one in told["results"]:
            if one["measure"] == GPU_MEASURE and one["value"] is not None:
                source = f"{told['date']}, {told['gpu']}, [{path.name}](../../{path})"
                return (
                    f"Measured without the service, for another network: a ResNet-50 with its heatmap takes "
                    f"{one['value']:.2f} ms for one image in PyTorch ({source})."
                )
    return "No figure of a GPU is kept in this repository."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="capacity-report", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of capacity.json")
    parser.add_argument(
        "--kept", action="store_true", help="from the kept figures, even if there are new ones"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
