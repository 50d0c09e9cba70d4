"""`preread reader-study`: prepare one, let people read, and see what the heatmap has changed."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from service.cli.engines.evaluation_tables import comparison_table, summary_table
from service.cli.engines.training_progress import needs_training_extra, training_progress
from service.cli.options import AsJson
from service.cli.reader_study.study import WITH, WITHOUT, open_study
from service.cli.run.signals import stop_on_signals

reader_study = typer.Typer(help="Does the heatmap help readers?", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="The study's folder.")]
_HOST = "127.0.0.1"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(reader_study, name="reader-study")


@reader_study.command()
def prepare(
    classifier: Annotated[str, typer.Argument(help="A classifier's name, or its folder.")],
    form: Annotated[str, typer.Argument(help="bus-bra, busi, mini-mias or folder.")],
    data: Annotated[Path, typer.Argument(help="Where the data set is.", exists=True, file_okay=False)],
    out: Annotated[Path, typer.Argument(help="A new folder for the study.")],
    fold: Annotated[
        int | None, typer.Option(help="Only this fold: one that the classifier has not seen.")
    ] = None,
    images: Annotated[int, typer.Option(help="How many at most, half of them malignant.", min=2)] = 100,
    washout_days: Annotated[float, typer.Option(help="Between a reader's sessions.", min=0)] = 14,
) -> None:
    """Choose images and draw the classifier's heatmaps over copies of them."""
    with needs_training_extra(), training_progress() as report:
        from engines.data.formats import read_folds
        from service.cli.reader_study.prepare import prepare as run

        folds = read_folds(form, data)
        chosen = folds.values() if fold is None else [folds.get(fold, [])]
        examples = [example for theirs in chosen for example in theirs]
        study = run(classifier, examples, images, out, washout_days, report)
    Console().print(
        f"{len(study.images)} images in {out}; read them: preread reader-study read {out} READER",
        highlight=False,
    )


@reader_study.command()
def read(
    folder: Folder,
    reader: Annotated[str, typer.Argument(help="A code for the reader, such as R1.")],
    with_heatmap: Annotated[bool, typer.Option("--with-heatmap", help="The second session.")] = False,
    port: Annotated[int, typer.Option(help="Of the page; 0 for a free one.", min=0, max=65535)] = 0,
) -> None:
    """Open a page on this machine on which one reader judges the images. Goes on where it was left."""
    from service.cli.reader_study.app import create_app
    from service.net.web_server import listen, serve

    study, session = open_study(folder), WITH if with_heatmap else WITHOUT
    study.check_session(reader, session, datetime.now(UTC))
    listener = listen(_HOST, port, "the page", "--port")
    address = f"http://{_HOST}:{listener.getsockname()[1]}/"
    Console().print(
        f"{len(study.left(reader, session))} images left: {address} (Ctrl-C ends)", highlight=False
    )
    serve(create_app(study, reader, session), listener, stop_on_signals())


@reader_study.command()
def results(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="Where the reports go.")] = Path("build/results"),
    as_json: AsJson = False,
) -> None:
    """Compare each reader's sessions: AUC, accuracy, sensitivity, specificity, and time for an image."""
    study, console, said = open_study(folder), Console(), []
    with needs_training_extra():
        from service.cli.reader_study.results import results_of, seconds_of

        for reader in study.readers():
            found = results_of(study, reader, out)
            times = {session: seconds_of(study, reader, session) for session in (WITHOUT, WITH)}
            said.append(
                {
                    "reader": reader,
                    "median_seconds": times,
                    "figures": [asdict(figure) for figure in found.all_figures()],
                    "comparisons": [asdict(one) for one in found.comparisons],
                }
            )
            if not as_json:
                console.print(summary_table(found), comparison_table(found))
                console.print(
                    f"seconds for an image: {times[WITHOUT]:.0f} without, {times[WITH]:.0f} with heatmap; "
                    f"{out}/reader-study-{reader}.html",
                    highlight=False,
                )
    if as_json:
        typer.echo(json.dumps(said))
    elif not said:
        console.print("nobody has read both sessions yet")
