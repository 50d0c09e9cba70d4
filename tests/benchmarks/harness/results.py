"""Measured results: what, how much, against which target, and how it was measured."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.table import Table

RESULTS = Path("build/results")


@dataclass(frozen=True, slots=True)
class Result:
    """`holds` is None where there is no target; `value` where nothing was measured: `how` says why."""

    measure: str
    value: float | None
    unit: str
    how: str
    target: str = ""
    holds: bool | None = None

    @classmethod
    def at_least(cls, measure: str, value: float, unit: str, how: str, target: float) -> Self:
        """One that should not fall below `target`."""
        return cls(measure, value, unit, how, f"at least {target:g}", value >= target)

    @classmethod
    def at_most(cls, measure: str, value: float, unit: str, how: str, target: float) -> Self:
        """One that should not exceed `target`."""
        return cls(measure, value, unit, how, f"at most {target:g}", value <= target)

    @classmethod
    def skipped(cls, measure: str, reason: str) -> Self:
        """One that cannot be measured here."""
        return cls(measure, None, "", f"skipped: {reason}")


def with_note(results: Sequence[Result], note: str) -> list[Result]:
    """The same, with `note` at the end of how each was measured."""
    return [replace(result, how=f"{result.how}; {note}" if result.how else note) for result in results]


def write_results(path: Path, results: Sequence[Result]) -> None:
    """Write a JSON list, one object per result, in order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(result) for result in results]
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_results(path: Path) -> list[Result]:
    """Read what `write_results` wrote. Raises OSError, ValueError, TypeError."""
    return [Result(**row) for row in json.loads(path.read_text(encoding="utf-8"))]


def show(console: Console, title: str, results: Sequence[Result]) -> None:
    """Print a table."""
    table = Table(title=title, title_justify="left")
    for heading in ("measure", "value", "unit", "target", "holds", "how"):
        table.add_column(heading, justify="right" if heading == "value" else "left", overflow="fold")
    for result in results:
        value = "-" if result.value is None else f"{result.value:.4g}"
        holds = {None: "", True: "yes", False: "NO"}[result.holds]
        table.add_row(result.measure, value, result.unit, result.target, holds, result.how)
    console.print(table)
