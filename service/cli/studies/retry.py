"""`preread retry`: let a study that has ended, or is parked, go its way again."""

from typing import Annotated

import typer
from rich.console import Console

from service.config import Settings
from service.config.load import load_settings
from service.errors import ConfigurationError
from service.storage.ledger.steps.retry_study import retry_study


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(retry)


def retry(
    context: typer.Context,
    study_instance_uid: Annotated[str, typer.Argument(help="The study's UID, as the worklist shows it.")],
) -> None:
    """Route and analyse a study that failed, was not analysed, is parked, was fetched as a prior, or was
    delivered.

    A delivered one becomes a new revision: what was scored is not scored again, and a report that would say
    the same stands.
    """
    route_again(load_settings(context.obj), study_instance_uid, "tried again by an operator")
    Console().print("the study is routed again within seconds; `preread status` shows where it stands")


def route_again(settings: Settings, study_instance_uid: str, reason: str) -> None:
    """Let the study go its way again. Raises ConfigurationError for an unknown one, NotInThisState."""
    from service.wiring.adapters import open_ledger

    ledger = open_ledger(settings)
    try:
        with ledger.begin() as tx:
            retry_study(tx, study_instance_uid, reason)
    except KeyError:
        raise ConfigurationError(
            f"no study {study_instance_uid} was received; `preread status --json` lists the UIDs"
        ) from None
    finally:
        ledger.close()
