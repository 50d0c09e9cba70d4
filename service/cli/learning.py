"""`preread train`, `evaluate`, `export` and `quantise`: make and measure classifiers. Needs PyTorch."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
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
from rich.table import Table

from engines.errors import EngineError
from service.cli.options import AsJson
from service.errors import ConfigurationError, Permanent

if TYPE_CHECKING:
    from engines.training import Progress as Step
    from engines.training import Report
    from engines.training.figures import Figure

DataRoot = Annotated[
    Path | None,
    typer.Option(
        "--data", envvar="PREREAD_DATA", help="The folder that holds the data sets.", file_okay=False
    ),
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(train)
    app.command()(evaluate)
    app.command()(export)
    app.command()(quantise)


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe file.", exists=True, dir_okay=False)],
    data: DataRoot = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Where checkpoints and the classifier go. Default: build/training/RECIPE."),
    ] = None,
) -> None:
    """Train a classifier by a recipe; goes on where an earlier run was stopped."""
    with _needs_pytorch(), _progress() as report:
        from engines.training import train as run

        folder = run(recipe, data, out or Path("build/training") / recipe.stem, report)
    Console().print(f"the classifier is in {folder}; measure it: preread evaluate {folder} --split test")


def evaluate(
    classifier: Annotated[str, typer.Argument(help="A classifier's name, or its folder.")],
    data: DataRoot = None,
    split: Annotated[str, typer.Option(help="train, validation, test or busi.")] = "test",
    as_json: AsJson = False,
) -> None:
    """Measure a classifier on a split of the data that it was made from, or on another data set."""
    with _needs_pytorch(), _progress() as report:
        from engines.training import evaluate as run

        figures = run(classifier, data, split, report)
    if as_json:
        typer.echo(json.dumps([asdict(figure) for figure in figures]))
    else:
        Console().print(_table(figures, f"{classifier}, {split}"))


def export(
    checkpoint: Annotated[Path, typer.Argument(help="A training checkpoint.", exists=True, dir_okay=False)],
    folder: Annotated[Path, typer.Argument(help="Where model.onnx goes.")],
) -> None:
    """Write a checkpoint as ONNX, heatmap inside, and check it against PyTorch."""
    with _needs_pytorch():
        from engines.export import export as run

        exported = run(checkpoint, folder)
    Console().print(
        f"{exported.path}\nSHA-256 {exported.sha256}\nlargest relative difference from PyTorch "
        f"{exported.difference:.1e}",
        highlight=False,
    )


def quantise(
    classifier: Annotated[str, typer.Argument(help="A classifier's name, or its folder.")],
    data: DataRoot = None,
    measure: Annotated[
        str | None,
        typer.Option(help="Only measure the int8 weights there are: train, validation, test or busi."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make int8 weights from training images; kept if the AUC on validation falls by at most 0.005."""
    with _needs_pytorch(), _progress() as report:
        from engines.quantise.run import measure as run_measure
        from engines.quantise.run import quantise as run

        quantised = (
            run_measure(classifier, data, measure, report) if measure else run(classifier, data, report)
        )
    if as_json:
        figures = [asdict(figure) for figure in quantised.figures]
        typer.echo(json.dumps({"verdict": quantised.verdict, "figures": figures}))
    else:
        Console().print(_table(quantised.figures, f"{classifier}, int8"))
        Console().print(quantised.verdict, highlight=False)


@contextmanager
def _needs_pytorch() -> Iterator[None]:
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
def _progress() -> Iterator["Report"]:
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


def _table(figures: list["Figure"], title: str) -> Table:
    table = Table("measure", "value", "95 % CI", "how", title=title)
    for figure in figures:
        interval = "" if figure.low is None else f"{figure.low:.3f} to {figure.high:.3f}"
        table.add_row(figure.measure, f"{figure.value:.3f}", interval, figure.how)
    return table
