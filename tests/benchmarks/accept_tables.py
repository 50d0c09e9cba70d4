"""The results as tables: a row for each receiver or comparison, a column for each case."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks.harness.results import Result

UNITS = {
    "MB/s": "rates",
    "x": "ratios, median of the paired ratios of single rounds",
    "ms": "times",
    "MiB": "memory",
    "of 1": "machine",
    "": "not measured",
}
"""Titles, in the order of printing. Ranges and how each was measured are in the JSON file."""


def show_tables(console: Console, results: Sequence[Result]) -> None:
    """Print one table for each unit."""
    for unit, title in UNITS.items():
        chosen = [result for result in results if result.unit == unit]
        if chosen:
            show_table(console, f"{title} ({unit})" if unit else title, chosen)


def show_table(console: Console, title: str, results: Sequence[Result]) -> None:
    """Print one table."""
    cells = {_place(result.measure): _cell(result) for result in results}
    rows = dict.fromkeys(row for row, _ in cells)
    columns = dict.fromkeys(column for _, column in cells)
    table = Table(title=title, title_justify="left")
    table.add_column()
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(row, *(cells.get((row, column), "") for column in columns))
    console.print(table)


def _place(measure: str) -> tuple[str, str]:
    """Row and column. What belongs to no case has a column without a name."""
    case, colon, subject = measure.partition(": ")
    return (subject, case) if colon else (measure, "")


def _cell(result: Result) -> str:
    if result.value is None:
        return result.how
    value = f"{result.value:.3g}" if result.value < 100 else f"{result.value:.0f}"
    if result.holds is None:
        return value
    target = result.target.replace("at least ", "≥ ").replace("at most ", "≤ ")
    return f"{value}\n{target} {'yes' if result.holds else 'NO'}"
