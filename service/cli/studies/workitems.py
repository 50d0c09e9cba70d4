"""`preread workitems`: what worklist managers have asked for, and how far each is."""

import json
from contextlib import closing
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.cli.options import AsJson, Limit
from service.config.load import load_settings
from service.study.workitem import HeldWorkitem


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(workitems)


def workitems(
    context: typer.Context,
    limit: Limit = 20,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are being worked on.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the workitems of `task_managers`, newest first, with what has become of each."""
    from service.wiring.adapters import open_ledger

    with closing(open_ledger(load_settings(context.obj))) as ledger, ledger.read() as tx:
        found = tx.workitems.latest(limit, only_open=only_open)
    if as_json:
        typer.echo(json.dumps([_as_json(held) for held in found]))
    elif found:
        Console(highlight=False).print(_table(found))
    else:
        typer.echo("no manager has had a workitem for us")


def _table(found: tuple[HeldWorkitem, ...]) -> Table:
    table = Table(show_lines=True)
    for name in ("manager", "found (UTC)", "state"):
        table.add_column(name, no_wrap=True)
    table.add_column("why, and which study", overflow="fold")
    for held in found:
        study = held.study_instance_uid or "not named"
        why = f"{held.reason}\nfor {', '.join(held.classifiers)}, study {study}"
        table.add_row(*map(Text, (held.manager, f"{held.found_at:%Y-%m-%d %H:%M}", held.state, why)))
    return table


def _as_json(held: HeldWorkitem) -> dict[str, Any]:
    """Without the Transaction UID: who knows it may change the workitem."""
    return {
        "workitem_uid": held.uid,
        "manager": held.manager,
        "state": held.state,
        "reason": held.reason,
        "study_instance_uid": held.study_instance_uid or None,
        "classifiers": list(held.classifiers),
        "destinations": list(held.destinations),
        "priority": held.workitem.priority,
        "found_at": held.found_at.isoformat(),
        "claimed_at": held.claimed_at.isoformat() if held.claimed_at else None,
        "ended_at": held.ended_at.isoformat() if held.ended_at else None,
    }
