"""`preread ledger upgrade`."""

from contextlib import closing

import typer
from rich.console import Console

from service.config.load import load_settings


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(name="ledger", help="The database that holds every state.", no_args_is_help=True)
    group.command()(upgrade)
    app.add_typer(group)


def upgrade(context: typer.Context) -> None:
    """Bring the ledger's tables to this version, once and under a lock, as every role does when it starts."""
    settings = load_settings(context.obj)
    from service.wiring.adapters import open_ledger

    with closing(open_ledger(settings)):
        Console().print("[green]the ledger has the tables of this version[/]")
