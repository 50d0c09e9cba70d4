"""`preread evaluate` and `compare`: what classifiers and readers are worth."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from service.cli.engines.evaluation_tables import comparison_table, figure_table, summary_table
from service.cli.engines.training_progress import DataRoot, needs_training_extra, training_progress
from service.cli.options import AsJson
from service.errors import ConfigurationError

Split = Annotated[
    str,
    typer.Option(
        help="train, validation, test or busi; or another data set as FORM:FOLDER, such as folder:ours."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(evaluate)
    app.command()(compare)


def evaluate(
    classifier: Annotated[str, typer.Argument(help="A classifier's name, or its folder.")],
    data: DataRoot = None,
    split: Split = "test",
    paint: Annotated[
        bool, typer.Option("--paint", help="Also measure what calipers and text painted in would change.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure a classifier on a split of the data that it was made from, or on another data set."""
    with needs_training_extra(), training_progress() as report:
        from engines.evaluation.evaluate import RESULTS, name_of
        from engines.evaluation.evaluate import evaluate as run

        figures = run(classifier, data, split, report, paint=paint)
    if as_json:
        typer.echo(json.dumps([asdict(figure) for figure in figures]))
    else:
        Console().print(figure_table(figures, f"{classifier}, {split}"))
        Console().print(
            f"with curves: {RESULTS}/{Path(classifier).name}-{name_of(split)}.html", highlight=False
        )


def compare(
    classifiers: Annotated[
        list[str] | None, typer.Argument(help="Classifiers, by name or folder; the first is compared with.")
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(help="Readers' or others' scores instead, as CSV.", exists=True, dir_okay=False),
    ] = None,
    threshold: Annotated[
        list[str] | None, typer.Option(help="NAME=SCORE: from which score on a column counts as positive.")
    ] = None,
    data: DataRoot = None,
    split: Split = "test",
    as_json: AsJson = False,
) -> None:
    """Compare classifiers, or readers, on the same images: a table as papers have it, and who is better."""
    if (scores is None) is (not classifiers):
        raise ConfigurationError("name classifiers to compare, or give a table with --scores, and not both")
    with needs_training_extra(), training_progress() as report:
        from engines.evaluation import evaluate as evaluation

        if scores is None:
            compared = evaluation.compare(classifiers or [], data, split, report)
        else:
            compared = evaluation.compare_table(scores, _thresholds(threshold or []))
    if as_json:
        figures = [asdict(figure) for figure in compared.all_figures()]
        typer.echo(
            json.dumps({"figures": figures, "comparisons": [asdict(one) for one in compared.comparisons]})
        )
        return
    console = Console()
    console.print(summary_table(compared))
    if compared.comparisons:
        console.print(comparison_table(compared))
    console.print(f"with curves: {evaluation.RESULTS}/{compared.title}.html", highlight=False)


def _thresholds(given: list[str]) -> dict[str, float]:
    """`NAME=SCORE` each. Raises ConfigurationError."""
    thresholds = {}
    for one in given:
        name, _, score = one.rpartition("=")
        try:
            thresholds[name] = float(score)
        except ValueError:
            name = ""
        if not name:
            raise ConfigurationError(
                f"--threshold {one!r}: write a column and a number, such as 'Reader A=3'"
            )
    return thresholds
