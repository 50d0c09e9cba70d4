"""`preread submit`: send a folder of DICOM files to a node, as a scanner would."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table

from service.config import Destination, Settings
from service.config.load import load_settings
from service.errors import ConfigurationError
from service.send.submit import Submitted, submit_files

NODE = re.compile(r"(?P<ae_title>[^@]+)@(?P<host>[^@]+):(?P<port>\d{1,5})")


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
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Send PATH by C-STORE, every file in its own transfer syntax, and say what became of each."""
    settings = load_settings(context.obj)
    node = _node(to) if to else _ourselves(settings)
    count = sum(file.is_file() for file in path.rglob("*")) if path.is_dir() else 1
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), disable=as_json) as progress:
        task = progress.add_task(f"sending to {node.ae_title}", total=count)
        outcomes = submit_files([path], node, settings.send, lambda _one: progress.advance(task))
    if as_json:
        typer.echo(json.dumps([_as_json(one) for one in outcomes]))
    else:
        _show(outcomes)
    if not outcomes or not all(one.accepted or one.sent is None for one in outcomes):
        raise typer.Exit(1)


def _node(text: str) -> Destination:
    found = NODE.fullmatch(text)
    if found is None:
        raise ConfigurationError(f"--to {text}: write it as AE_TITLE@host:port, such as PACS@10.0.0.5:104")
    try:
        return Destination(
            name="node", host=found["host"], port=int(found["port"]), ae_title=found["ae_title"]
        )
    except ValidationError as error:
        raise ConfigurationError(f"--to {text}: {error.errors()[0]['msg']}") from None


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
