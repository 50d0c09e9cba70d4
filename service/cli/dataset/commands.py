"""`preread dataset`: images to learn from, made of DICOM files, and looked at before a training."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table

from service.cli.engines.training_progress import needs_training_extra
from service.cli.options import AsJson

if TYPE_CHECKING:
    from engines.data.formats import Folds
    from engines.data.near_duplicates import NearDuplicates

dataset = typer.Typer(help="Images to learn from.", no_args_is_help=True)
Source = Annotated[Path, typer.Argument(help="Where the DICOM files are.", exists=True, file_okay=False)]
Out = Annotated[Path, typer.Argument(help="A new folder for images and table.csv.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(dataset, name="dataset")


@dataset.command("from-dicom")
def from_dicom(
    folder: Source,
    labels: Annotated[
        Path,
        typer.Argument(
            help="A table (CSV): `label`, and `accession`, `study` or `image`.", exists=True, dir_okay=False
        ),
    ],
    out: Out,
    as_json: AsJson = False,
) -> None:
    """Write labelled DICOM images as the service reads them, without patient data."""
    from service.cli.dataset.from_dicom import read_labels, write_labelled
    from service.cli.dataset.writer import DataSetWriter

    named = read_labels(labels)
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    with _counted(len(files), as_json) as done, DataSetWriter(out) as writer:
        written = write_labelled(files, named, writer, done)
    if as_json:
        typer.echo(json.dumps(asdict(written)))
        return
    Console().print(f"{written.not_labelled} files are not in the table")
    _tell(out, written.images, written.refused)


@dataset.command("from-cbis-ddsm")
def from_cbis_ddsm(folder: Source, out: Out, as_json: AsJson = False) -> None:
    """Write CBIS-DDSM's films with their masks; fold 5 is its test set."""
    from service.cli.dataset.cbis_ddsm import films, write_film
    from service.cli.dataset.writer import DataSetWriter, write_each

    listed = films(folder)
    with _counted(len(listed), as_json) as done, DataSetWriter(out) as writer:
        refused = write_each(listed, lambda film: write_film(folder, film, writer), done)
    _end(out, writer.written, refused, as_json)


@dataset.command("from-inbreast")
def from_inbreast(folder: Source, out: Out, as_json: AsJson = False) -> None:
    """Write INbreast's films with the outlines of masses; labels are by BI-RADS, it has no pathology."""
    from service.cli.dataset.inbreast import films, write_film
    from service.cli.dataset.writer import DataSetWriter, write_each

    listed = films(folder)
    with _counted(len(listed), as_json) as done, DataSetWriter(out) as writer:
        refused = write_each(listed, lambda film: write_film(folder, film, writer), done)
    _end(out, writer.written, refused, as_json)


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
    if as_json:
        alike = [[pair.one.image.name, pair.other.image.name, round(pair.correlation, 4)] for pair in pairs]
        counts = {str(fold): len(theirs) for fold, theirs in folds.items()}
        typer.echo(json.dumps({"images": counts, "near_duplicates": alike}))
    else:
        _show(folder, folds, pairs)


@contextmanager
def _counted(total: int, is_quiet: bool) -> Iterator[Callable[[], None]]:
    """A bar; what is yielded moves it on."""
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), disable=is_quiet) as progress:
        task = progress.add_task("reading", total=total)
        yield lambda: progress.advance(task)


def _end(out: Path, images: int, refused: Mapping[str, int], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"images": images, "refused": refused}))
    else:
        _tell(out, images, refused)


def _tell(out: Path, images: int, refused: Mapping[str, int]) -> None:
    console = Console()
    console.print(f"{images} images in {out}")
    for reason, count in sorted(refused.items()):
        console.print(f"not written, {count}: {reason}", highlight=False)
    console.print(
        f'a recipe reads them with: \\[data] form = "folder", folder = "{out.name}"', highlight=False
    )


def _show(folder: Path, folds: "Folds", pairs: "list[NearDuplicates]") -> None:
    table = Table("fold", "images", "malignant", "patients", title=str(folder))
    for fold, theirs in folds.items():
        patients = len({example.patient for example in theirs})
        table.add_row(str(fold), str(len(theirs)), str(sum(e.label for e in theirs)), str(patients))
    console = Console()
    console.print(table)
    for pair in pairs:
        console.print(
            f"nearly the same ({pair.correlation:.3f}): {pair.one.image.name}, {pair.other.image.name}",
            highlight=False,
        )
    console.print(f"{len(pairs)} near-duplicates of different patients", highlight=False)
