"""`preread log`: what every role did about one study."""

import json
from contextlib import closing
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.cli.options import AsJson
from service.config.load import load_settings
from service.errors import ConfigurationError
from service.storage.ledger.questions.study_log import study_log


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(log)


def log(
    context: typer.Context,
    study_instance_uid: Annotated[str, typer.Argument(help="The study's UID, as the worklist shows it.")],
    as_json: AsJson = False,
) -> None:
    """Show what every role did about a study, in order of time and without patient data."""
    from service.wiring.adapters import open_ledger

    try:
        with closing(open_ledger(load_settings(context.obj))) as ledger, ledger.read() as tx:
            entries = study_log(tx, study_instance_uid)
    except KeyError:
        raise ConfigurationError(
            f"no study {study_instance_uid} was received; `preread status --json` lists the UIDs"
        ) from None
    if as_json:
        typer.echo(json.dumps([asdict(one) | {"at": one.at.isoformat()} for one in entries]))
        return
    table = Table("at (UTC)", "role", "revision", "what")
    for one in entries:
        table.add_row(f"{one.at:%Y-%m-%d %H:%M:%S}", one.role, str(one.revision), Text(one.text))
    Console().print(table)
