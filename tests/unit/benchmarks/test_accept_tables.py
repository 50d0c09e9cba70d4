import io

from rich.console import Console

from tests.benchmarks.accept_tables import show_tables
from tests.benchmarks.harness.results import Result

RESULTS = [
    Result("CT x1: storescp", 412.4, "MB/s", ""),
    Result("US x1: storescp", 98.76, "MB/s", ""),
    Result.at_least("CT x1: Preread over storescp", 0.7, "x", "", 1.0),
    Result.skipped("orthanc", "not installed"),
]


def test_a_table_has_a_row_for_each_subject_and_a_column_for_each_case() -> None:
    console = Console(file=io.StringIO(), width=120)

    show_tables(console, RESULTS)

    assert isinstance(console.file, io.StringIO)
    lines = [line.replace("┃", "│").split("│") for line in console.file.getvalue().splitlines()]
    rows = [[cell.strip() for cell in line] for line in lines]
    assert ["", "", "CT x1", "US x1", ""] in rows
    assert ["", "storescp", "412", "98.8", ""] in rows
    assert ["", "", "≥ 1 NO", ""] in rows
    assert ["", "orthanc", "skipped: not installed", ""] in rows
