"""`preread urgent`: have a study analysed before routine ones."""

import getpass
from contextlib import closing
from typing import Annotated

import typer
from rich.console import Console

from service.config.load import load_settings
from service.errors import ConfigurationError
from service.storage.ledger.steps.make_urgent import make_urgent


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(urgent)


def urgent(
    context: typer.Context,
    study_instance_uid: Annotated[str, typer.Argument(help="The study's UID, as the worklist shows it.")],
) -> None:
    """Have a study analysed before routine ones, whether it waits in the queue or is still being received."""
    from service.wiring.adapters import open_ledger

    try:
        with closing(open_ledger(load_settings(context.obj))) as ledger, ledger.begin() as tx:
            done = make_urgent(tx, study_instance_uid, f"{getpass.getuser()}, `preread urgent`")
    except KeyError:
        raise ConfigurationError(
            f"no study {study_instance_uid} was received; `preread status --json` lists the UIDs"
        ) from None
    Console().print(f"urgent: {done}", highlight=False)
