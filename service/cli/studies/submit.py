"""`preread submit`: send a folder of DICOM files to a node as a scanner would, or by STOW-RS."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table

from service.cli.options import AsJson
from service.cli.studies.node import node
from service.config import Destination, Settings
from service.config.load import load_settings
from service.errors import ConfigurationError
from service.send.stow import submit_by_stow
from service.send.submit import Submitted, submit_files


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(submit)


def submit(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A DICOM file, or a folder of them.", exists=True)],
    to: Annotated[
        str | None,
        typer.Option(help="The node, as AE_TITLE@host:port. Default: the service configured here."),
    ] = None,
    stow: Annotated[
        str | None, typer.Option(help="Send by STOW-RS to the DICOMweb service with this base URL instead.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="File with the bearer token for --stow.", exists=True, dir_okay=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send PATH, every file in its own transfer syntax, and say what became of each."""
    if stow and to:
        raise ConfigurationError("--to and --stow are two ways: give one of them")
    token = token_file.read_text(encoding="ascii").strip() if token_file else ""
    settings = load_settings(context.obj)
    peer = node(to) if to else _ourselves(settings)
    count = sum(file.is_file() for file in path.rglob("*")) if path.is_dir() else 1
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), disable=as_json) as progress:
        task = progress.add_task(f"sending to {stow or peer.ae_title}", total=count)

        def advance(_one: Submitted) -> None:
            progress.advance(task)

        if stow:
            outcomes = submit_by_stow([path], stow, token, advance)
        else:
            outcomes = submit_files([path], peer, settings.send, advance)
    if as_json:
        typer.echo(json.dumps([_as_json(one) for one in outcomes]))
    else:
        _show(outcomes)
    if not outcomes or not all(one.accepted or one.sent is None for one in outcomes):
        raise typer.Exit(1)


def _ourselves(settings: Settings) -> Destination:
    host = "127.0.0.1" if settings.accept.bind == "0.0.0.0" else settings.accept.bind  # noqa: S104
    return Destination(
        name="preread", host=host, port=settings.accept.port, ae_title=settings.accept.ae_title
    )


def _as_json(one: Submitted) -> dict[str, object]:
    return {"path": str(one.path), "accepted": one.accepted, "detail": one.detail}


def _show(outcomes: Sequence[Submitted]) -> None:
    console = Console(highlight=False)
    problems = Table("file", "what became of it")
    for one in outcomes:
        if not one.accepted:
            problems.add_row(str(one.path), one.detail)
    if problems.row_count:
        console.print(problems)
    console.print(f"{sum(one.accepted for one in outcomes)} of {len(outcomes)} files stored")
