"""`make soak`: thousands of studies without a fault, into build/results/soak.json; nothing may grow."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from tests.benchmarks.harness.machine import OthersLoad
from tests.benchmarks.harness.results import RESULTS, Result, show, write_results
from tests.faults.scanner import scanners
from tests.faults.servers import SetUp, started
from tests.faults.site import running_site
from tests.faults.soak.flat import judged
from tests.faults.soak.run import Soak
from tests.servers.process import end_well_on_sigterm, temporary_folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. Exit status 1 where something grew."""
    asked = _parser().parse_args(arguments)
    end_well_on_sigterm()
    console = Console(width=None if sys.stdout.isatty() else 160)
    results = _run(SetUp(asked.set_up), asked.studies, console)
    write_results(asked.results / "soak.json", results)
    show(console, f"soak: {asked.studies} studies, {asked.set_up}", results)
    return 1 if any(one.holds is False for one in results) else 0


def _run(set_up: SetUp, studies: int, console: Console) -> list[Result]:
    with (
        temporary_folder("soak") as folder,
        started(set_up) as servers,
        running_site(set_up, servers, folder, breakable=()) as site,
        scanners(site.preread.dicom_port) as sending,
        Progress(console=console, disable=not console.is_terminal) as progress,
    ):
        soak, load = Soak(site, sending, studies), OthersLoad()
        bar = progress.add_task(f"soak, {set_up}", total=studies)
        soak.run(lambda more: progress.advance(bar, more))
        how = f"{studies} studies, {set_up}, other processes took {load.share():.0%} of the machine"
    return judged(soak.samples, soak.latencies_s, how)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--set-up", choices=list(SetUp), default=SetUp.SERVERS)
    parser.add_argument("--studies", type=int, default=5000, help="default 5000")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the JSON file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
