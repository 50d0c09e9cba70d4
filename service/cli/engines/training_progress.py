"""What commands that train and measure have in common: where data is, progress, and errors in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from engines.errors import EngineError
from service.errors import ConfigurationError, Permanent

if TYPE_CHECKING:
    from engines.progress import Progress as Step
    from engines.progress import Report

DataRoot = Annotated[
    Path | None,
    typer.Option(
        "--data", envvar="PREREAD_DATA", help="The folder that holds the data sets.", file_okay=False
    ),
]


@contextmanager
def needs_training_extra() -> Iterator[None]:
    """Say what to install, or what is wrong with recipe, data or classifier."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed; training needs it: pip install 'preread[train]'"
        ) from None
    except EngineError as error:
        raise Permanent(str(error)) from error


@contextmanager
def training_progress() -> Iterator["Report"]:
    """A bar per phase, and a line for each message."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def report(step: "Step") -> None:
            if step.phase not in tasks:
                tasks[step.phase] = progress.add_task(step.phase, total=step.total)
            progress.update(tasks[step.phase], completed=step.done, total=step.total)
            if step.phase == "epoch":
                progress.console.print(step.message)

        yield report
