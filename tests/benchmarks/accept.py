"""`make bench-accept`: our C-STORE SCP beside other receivers, into build/results/accept.json and tables."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from tests.benchmarks.accept_bench import Bench
from tests.benchmarks.accept_cases import cases
from tests.benchmarks.accept_disk import durable_writes, file_system
from tests.benchmarks.accept_tables import show_table, show_tables
from tests.benchmarks.harness.machine import wait_until_idle
from tests.benchmarks.harness.results import RESULTS, Result, write_results
from tests.benchmarks.receivers.available import RECEIVERS, USUAL, started

ROUNDS, QUICK_ROUNDS = 7, 2
DISK_ROUNDS, QUICK_DISK_ROUNDS = 60, 5
_IN_MEMORY = {"tmpfs", "ramfs"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for, and write it after each case."""
    asked = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    with (
        tempfile.TemporaryDirectory(prefix="preread-bench-", dir=asked.folder) as name,
        ExitStack() as running,
    ):
        folder = Path(name).resolve()
        if file_system(folder) in _IN_MEMORY and not asked.quick:
            console.print(f"{folder} is in memory, where nothing is durable: name one on a disk by --folder")
            return 2
        if not asked.quick:
            wait_until_idle(console.log)
        disk_rounds = QUICK_DISK_ROUNDS if asked.quick else DISK_ROUNDS
        disk = durable_writes(folder / "disk", disk_rounds)
        receivers, results = started(asked.receivers, folder / "receivers", running)
        rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
        bench = Bench(folder / "objects", receivers, rounds, asked.quick, console.log)
        bench.warm_up()
        for case in cases(asked.quick):
            if case.name in asked.only:
                results += bench.measure(case)
                write_results(asked.results / "accept.json", [*results, *disk, _load(bench, folder)])
        show_tables(console, [*results, _load(bench, folder)])
        show_table(console, "what a durable write costs on this disk (ms)", disk)
        console.print(f"ranges, and how each was measured: {asked.results / 'accept.json'}")
    return 0


def _load(bench: Bench, folder: Path) -> Result:
    machine = f"{platform.machine()}, {os.cpu_count()} processors, {file_system(folder)}"
    how = f"in the case where it was most; {machine}"
    return Result("load by other processes meanwhile", bench.others_load, "of 1", how)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not a number of rounds: give 1 or more")
    return number


def _listed(known: Sequence[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        unknown = [name for name in names if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
        return names

    return parse


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench-accept", description=__doc__)
    case_names = [case.name for case in cases(quick=True)]
    parser.add_argument("--quick", action="store_true", help="little to send, two rounds, no waiting")
    parser.add_argument("--rounds", type=_positive, help=f"default {ROUNDS}")
    parser.add_argument("--only", type=_listed(case_names), default=case_names, help=",".join(case_names))
    parser.add_argument("--receivers", type=_listed(list(RECEIVERS)), default=USUAL, help=",".join(RECEIVERS))
    parser.add_argument(
        "--folder", type=Path, help="a folder on the disk to measure; default the temporary one"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the JSON file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
