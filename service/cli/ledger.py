"""`preread ledger`: the database that holds every state - its tables, its loss, its backup."""

from contextlib import closing

import typer
from rich.console import Console

from service.cli import ledger_backup, ledger_check, ledger_rebuild
from service.config.load import load_settings


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(name="ledger", help="The database that holds every state.", no_args_is_help=True)
    group.command()(upgrade)
    ledger_backup.add_to(group)
    ledger_rebuild.add_to(group)
    ledger_check.add_to(group)
    app.add_typer(group)


def upgrade(context: typer.Context) -> None:
    """Bring the ledger's tables to this version, once and under a lock, as every role does when it starts."""
    settings = load_settings(context.obj)
    from service.wiring.adapters import open_ledger

    with closing(open_ledger(settings)):
        Console().print("[green]the ledger has the tables of this version[/]")
