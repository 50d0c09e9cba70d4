"""Measured figures: what, how much, against which target, and how it was measured."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from engines.errors import DataError
from engines.judgement import Rate
from engines.tables import TableError, from_table


@dataclass(frozen=True, slots=True)
class Figure:
    """`low` and `high`: 95 % confidence interval. `holds`: whether `value` meets `target`, if any."""

    measure: str
    value: float
    unit: str
    how: str
    target: float | None = None
    holds: bool | None = None
    low: float | None = None
    high: float | None = None


def rate_figure(measure: str, rate: Rate, how: str, at_least: float | None = None) -> Figure:
    """A figure of a rate; `at_least` is its target."""
    holds = None if at_least is None else rate.value >= at_least
    return Figure(measure, rate.value, "1", how, at_least, holds, rate.low, rate.high)


def write_figures(path: Path, figures: Sequence[Figure]) -> None:
    """Write a JSON list, one object per figure, in order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(figure) for figure in figures]
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_figures(path: Path) -> list[Figure]:
    """Read what `write_figures` wrote. Raises DataError."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [from_table(Figure, _without_nulls(row), f"figure {i}") for i, row in enumerate(rows)]
    except (OSError, ValueError, TableError) as reason:
        raise DataError(f"{path} holds no figures ({reason}); evaluate the classifier anew") from reason


def find(figures: Sequence[Figure], measure: str) -> Figure:
    """The figure of `measure`. Raises DataError."""
    for figure in figures:
        if figure.measure == measure:
            return figure
    raise DataError(f"no figure {measure!r}; there are: {', '.join(f.measure for f in figures)}")


def rate_of(figure: Figure) -> Rate:
    """The rate that the figure was made from. Raises DataError."""
    if figure.low is None or figure.high is None:
        raise DataError(f"figure {figure.measure!r} has no confidence interval; evaluate anew")
    return Rate(figure.value, figure.low, figure.high)


def _without_nulls(row: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in row.items() if value is not None}
