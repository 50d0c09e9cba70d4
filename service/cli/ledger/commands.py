"""`preread ledger`: the database that holds every state - its tables, its loss, its backup."""

from contextlib import closing

import typer
from rich.console import Console

from service.cli.ledger import backup as ledger_backup
from service.cli.ledger import check as ledger_check
from service.cli.ledger import rebuild as ledger_rebuild
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
    """Bring the ledger's tables to this version, once and under a lock, as every role does when it starts.

    Then build the indexes that it lacks, which takes minutes in a large ledger; everybody else works on
    meanwhile. The role accept does so too, beside its work.
    """
    settings = load_settings(context.obj)
    from service.wiring.adapters import open_ledger

    console = Console()
    with closing(open_ledger(settings)) as ledger:
        console.print("[green]the ledger has the tables of this version[/]")
        missing = ledger.build_indexes()
    if missing:
        names = ", ".join(missing)
        console.print(
            f"these indexes are missing still: {names}. Another process builds them, or the log says why"
        )
