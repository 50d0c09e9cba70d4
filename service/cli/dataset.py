"""`preread dataset`: images to learn from, made of DICOM files, and looked at before a training."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table

from service.cli.dicom_dataset import read_labels, write_data_set
from service.cli.options import AsJson
from service.cli.training_progress import needs_training_extra

dataset = typer.Typer(help="Images to learn from.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(dataset, name="dataset")


@dataset.command("from-dicom")
def from_dicom(
    folder: Annotated[Path, typer.Argument(help="A folder of DICOM files.", exists=True, file_okay=False)],
    labels: Annotated[
        Path,
        typer.Argument(
            help="A table (CSV) with `label` and one of `accession`, `study`, `image`.",
            exists=True,
            dir_okay=False,
        ),
    ],
    out: Annotated[Path, typer.Argument(help="A new folder for images and table.csv.")],
    as_json: AsJson = False,
) -> None:
    """Write labelled DICOM images as the service reads them, without patient data."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), disable=as_json) as progress:
        task = progress.add_task("reading", total=len(files))
        written = write_data_set(files, read_labels(labels), out, lambda: progress.advance(task))
    if as_json:
        typer.echo(json.dumps(asdict(written)))
        return
    console = Console()
    console.print(f"{written.images} images in {out}; {written.not_labelled} files are not in the table")
    for reason, count in sorted(written.refused.items()):
        console.print(f"not written, {count}: {reason}", highlight=False)
    console.print(
        f'a recipe reads them with: \\[data] form = "folder", folder = "{out.name}"', highlight=False
    )


@dataset.command()
def check(
    form: Annotated[str, typer.Argument(help="bus-bra, busi, mini-mias or folder.")],
    folder: Annotated[Path, typer.Argument(help="Where the data set is.", exists=True, file_okay=False)],
    as_json: AsJson = False,
) -> None:
    """Count images and patients by fold, and look for near-duplicates of different patients."""
    with needs_training_extra():
        from engines.data.formats import read_folds
        from engines.data.near_duplicates import near_duplicates

        folds = read_folds(form, folder)
        examples = [example for theirs in folds.values() for example in theirs]
        pairs = [
            pair
            for pair in near_duplicates(examples, examples)
            if pair.one.patient < pair.other.patient  # each once, and not a patient's own
        ]
    table = Table("fold", "images", "malignant", "patients", title=str(folder))
    for fold, theirs in folds.items():
        patients = len({example.patient for example in theirs})
        table.add_row(str(fold), str(len(theirs)), str(sum(e.label for e in theirs)), str(patients))
    if as_json:
        alike = [[pair.one.image.name, pair.other.image.name, round(pair.correlation, 4)] for pair in pairs]
        counts = {str(fold): len(theirs) for fold, theirs in folds.items()}
        typer.echo(json.dumps({"images": counts, "near_duplicates": alike}))
        return
    console = Console()
    console.print(table)
    for pair in pairs:
        console.print(
            f"nearly the same ({pair.correlation:.3f}): {pair.one.image.name}, {pair.other.image.name}",
            highlight=False,
        )
    console.print(f"{len(pairs)} near-duplicates of different patients", highlight=False)
