"""`preread ledger backup` and `restore`, for the embedded ledger."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from service.config.load import load_settings


def add_to(group: typer.Typer) -> None:
    """Register the commands."""
    group.command()(backup)
    group.command()(restore)


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A new file, on another disk or machine.", dir_okay=False)],
) -> None:
    """Copy the embedded ledger to a file, as it is at one moment, and check the copy; the service goes on.

    Copy the store afterwards, not before: then the copy has the bytes of every entry. The file names
    patients.
    """
    settings = load_settings(context.obj)
    from service.storage.ledger.backup import back_up, database_file

    back_up(database_file(settings.ledger_url), file.absolute())
    Console(highlight=False).print(Text(f"{file}: {file.stat().st_size} bytes, checked"))


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `preread ledger backup` wrote.", dir_okay=False)],
) -> None:
    """Put a backup in place of the embedded ledger, and bring it to this version. Stop the service first.

    The ledger that was there is set aside, not deleted. What came after the backup is in the store:
    `preread ledger rebuild --add-missing` enters it.
    """
    settings = load_settings(context.obj)
    from service.storage.ledger.backup import database_file
    from service.storage.ledger.backup import restore as put_back
    from service.wiring.adapters import open_ledger

    aside = put_back(file.absolute(), database_file(settings.ledger_url))
    with closing(open_ledger(settings)):
        pass
    console = Console(highlight=False)
    if aside is not None:
        console.print(Text(f"the ledger that was there is {aside}"))
    console.print("restored; now run `preread ledger rebuild --add-missing`, then start the service")
