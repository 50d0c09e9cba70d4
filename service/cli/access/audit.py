"""`preread audit`: who has seen and done what on the worklist."""

import json
import socket
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from service.access.audit_message import audit_message
from service.access.records import AuditEvent
from service.cli.access.account import transaction
from service.cli.options import AsJson, Last, Limit, span


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        name="audit", help="Who has seen and done what on the worklist.", no_args_is_help=True
    )
    group.command("list")(list_events)
    group.command()(export)
    app.add_typer(group)


def list_events(
    context: typer.Context,
    study: Annotated[str, typer.Option(help="Only of this Study Instance UID.")] = "",
    who: Annotated[str, typer.Option(help="Only of this account or token.")] = "",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List the newest events, newest first."""
    with transaction(context) as tx:
        events = tx.audit.newest(limit, study, who)
    if as_json:
        typer.echo(json.dumps([_plain(event) for event in events]))
        return
    table = Table("when", "who", "from", "what", "study", "")
    for one in events:
        who_and_role = f"{one.who} ({one.role})" if one.who else "not signed in"
        detail = one.detail if one.succeeded else f"FAILED {one.detail}"
        when = f"{one.at:%Y-%m-%d %H:%M:%S} UTC"
        table.add_row(when, who_and_role, one.address, one.action, one.study_instance_uid, detail)
    Console(highlight=False).print(table if events else "nothing has been written down")


def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where they go, one in a line.", dir_okay=False)],
    last: Last = "30d",
    form: Annotated[
        Literal["dicom", "json"],
        typer.Option("--format", help="DICOM audit messages (PS3.15 A.5, XML), or JSON."),
    ] = "dicom",
    source: Annotated[str, typer.Option(help="What this installation is called. Default: its host.")] = "",
) -> None:
    """Write all events of some time into a file, the oldest first."""
    source = source or socket.gethostname()
    with transaction(context) as tx, file.open("wb") as out:
        count = 0
        for event in tx.audit.since(datetime.now(UTC) - span(last)):
            line = audit_message(event, source) if form == "dicom" else json.dumps(_plain(event)).encode()
            out.write(line.replace(b"\n", b" ") + b"\n")
            count += 1
    Console().print(f"{count} events in {file}", highlight=False)


def _plain(event: AuditEvent) -> dict[str, object]:
    return asdict(event) | {"at": event.at.isoformat()}
