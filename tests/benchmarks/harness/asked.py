"""What every benchmark is asked with."""

import argparse
from pathlib import Path

from tests.benchmarks.harness.results import RESULTS


def benchmark_parser(name: str, about: str | None, quick: str) -> argparse.ArgumentParser:
    """Of `make NAME`; `quick` says what little is done to see that everything runs."""
    parser = argparse.ArgumentParser(prog=name, description=about)
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for what is written")
    return parser
