"""`preread status`: every study and why it stands where it stands."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from service.config.load import load_settings
from service.study.model import Study


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(status)


def status(
    context: typer.Context,
    limit: Annotated[int, typer.Option(help="How many studies to list, newest first.", min=1)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show how many studies are in each state, and the newest ones with their reasons."""
    from service.wiring.adapters import open_ledger

    ledger = open_ledger(load_settings(context.obj))
    with ledger.read() as tx:
        counts, studies = tx.studies.counts(), tx.studies.latest(limit)
    ledger.close()
    if as_json:
        typer.echo(json.dumps({"counts": counts, "studies": [_as_json(study) for study in studies]}))
        return
    console = Console()
    console.print(", ".join(f"{count} {state}" for state, count in counts.items()) or "no studies yet")
    if studies:
        console.print(_table(studies))


def _as_json(study: Study) -> dict[str, Any]:
    return {
        "study_instance_uid": study.study_instance_uid,
        "revision": study.revision,
        "state": study.state,
        "reason": study.reason,
        "priority": study.priority,
        "instance_count": study.instance_count,
        "received_at": study.received_at.isoformat(),
        "updated_at": study.updated_at.isoformat(),
    }


def _table(studies: list[Study]) -> Table:
    table = Table("received (UTC)", "accession", "modality", "images", "state", "why")
    for study in studies:
        table.add_row(
            f"{study.received_at:%Y-%m-%d %H:%M:%S}",
            study.header.accession_number,
            "/".join(study.header.modalities),
            str(study.instance_count),
            study.state.replace("_", " "),
            study.reason,
        )
    return table
