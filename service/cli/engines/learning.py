"""`preread train`, `export`, `guard` and `quantise`: make classifiers. Needs PyTorch."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from service.cli.engines.evaluation_tables import figure_table
from service.cli.engines.training_progress import DataRoot, needs_training_extra, training_progress
from service.cli.options import AsJson

if TYPE_CHECKING:
    pass


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(train)
    app.command()(export)
    app.command()(guard)
    app.command()(quantise)


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe file.", exists=True, dir_okay=False)],
    data: DataRoot = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Where checkpoints and the classifier go. Default: build/training/RECIPE."),
    ] = None,
    fold: Annotated[
        int | None,
        typer.Option(help="Only the network that holds out this fold; without, all are put together."),
    ] = None,
) -> None:
    """Train a classifier by a recipe; goes on where an earlier run was stopped."""
    out = out or Path("build/training") / recipe.stem
    with needs_training_extra(), training_progress() as report:
        from engines.training.run import train as run
        from engines.training.run import train_one_fold

        if fold is not None:
            train_one_fold(recipe, data, out, fold, report)
            return
        folder = run(recipe, data, out, report)
    Console().print(f"the classifier is in {folder}; measure it: preread evaluate {folder} --split test")


def export(
    checkpoint: Annotated[Path, typer.Argument(help="A training checkpoint.", exists=True, dir_okay=False)],
    folder: Annotated[Path, typer.Argument(help="Where model.onnx goes.")],
) -> None:
    """Write a checkpoint as ONNX, heatmap inside, and check it against PyTorch."""
    with needs_training_extra():
        from engines.export import export as run

        exported = run(checkpoint, folder)
    Console().print(
        f"{exported.path}\nSHA-256 {exported.sha256}\nlargest relative difference from PyTorch "
        f"{exported.difference:.1e}",
        highlight=False,
    )


def guard(
    classifier: Annotated[str, typer.Argument(help="A classifier's name, or its folder.")],
    data: DataRoot = None,
    also: Annotated[
        list[str] | None,
        typer.Option(help="FORM:FOLDER of further images that it should take, such as folder:ours."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit anew which images a classifier refuses: those unlike the ones that it was made from."""
    with needs_training_extra(), training_progress() as report:
        from engines.training.guarding import guard as run

        fitted = run(classifier, data, also or [], report)
    if as_json:
        typer.echo(json.dumps(asdict(fitted)))
        return
    Console().print(
        f"takes images of a strangeness up to {fitted.limit:.2f}; refuses {fitted.refused.value:.1%} "
        f"({fitted.refused.low:.1%} to {fitted.refused.high:.1%}) of those that it should take "
        f"({fitted.measured_on})",
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
    with needs_training_extra(), training_progress() as report:
        from engines.quantise.run import measure as run_measure
        from engines.quantise.run import quantise as run

        quantised = (
            run_measure(classifier, data, measure, report) if measure else run(classifier, data, report)
        )
    if as_json:
        figures = [asdict(figure) for figure in quantised.figures]
        typer.echo(json.dumps({"verdict": quantised.verdict, "figures": figures}))
    else:
        Console().print(figure_table(quantised.figures, f"{classifier}, int8"))
        Console().print(quantised.verdict, highlight=False)
