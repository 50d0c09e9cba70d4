"""`preread retry`: let a study that failed, was not analysed, is parked or is a prior go its way again."""

from typing import Annotated

import typer
from rich.console import Console

from service.config.load import load_settings
from service.errors import ConfigurationError
from service.study.state import StudyEvent


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(retry)


def retry(
    context: typer.Context,
    study_instance_uid: Annotated[str, typer.Argument(help="The study's UID, as the worklist shows it.")],
) -> None:
    """Route and analyse a study that failed, was not analysed, is parked, or was fetched as a prior."""
    from service.wiring.adapters import open_ledger

    ledger = open_ledger(load_settings(context.obj))
    try:
        with ledger.begin() as tx:
            tx.studies.move(study_instance_uid, StudyEvent.RETRIED, "tried again by an operator")
            tx.priors.unmark(study_instance_uid)
            tx.priors.forget(study_instance_uid)
    except KeyError:
        raise ConfigurationError(
            f"no study {study_instance_uid} was received; `preread status --json` lists the UIDs"
        ) from None
    finally:
        ledger.close()
    Console().print("the study is routed again within seconds; `preread status` shows where it stands")
