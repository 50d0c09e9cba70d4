"""Doing something with each of many, with a bar on a terminal."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

MANY = 10
"""Values for which a bar is shown."""
_T = TypeVar("_T")


def each(values: Sequence[_T], doing: str, act: Callable[[_T], object]) -> None:
    """One after the other, with a bar on standard error where there are many."""
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=len(values) < MANY) as bar:
        task = bar.add_task(doing, total=len(values))
        for value in values:
            act(value)
            bar.advance(task)
