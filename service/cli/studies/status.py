"""`preread status`: every study and why it stands where it stands."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.accept.quarantine.entries import quarantined_count
from service.cli.options import AsJson
from service.config import Settings
from service.config.load import load_settings
from service.storage.ledger.ledger import Transaction
from service.storage.ledger.questions.dead_notice import dead_notice
from service.storage.ledger.questions.overdue import overdue_studies
from service.storage.ledger.questions.search import COUNTED
from service.storage.ledger.steps.conflicts import QUARANTINED
from service.storage.ledger.tables.deliveries import Delivery
from service.study.model import Study
from service.study.state import StudyState


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(status)


def status(
    context: typer.Context,
    limit: Annotated[int, typer.Option(help="How many studies to list, newest first.", min=1)] = 20,
    overdue: Annotated[
        bool,
        typer.Option("--overdue", help="Those that have reached no final state in time, the oldest first."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how many studies are in each state, and the newest ones with their reasons.

    Nobody counts further than a thousand: `--json` says one more where there are more (`counted_up_to`).
    """
    from service.wiring.adapters import open_ledger, open_store

    settings = load_settings(context.obj)
    with closing(open_ledger(settings)) as ledger, ledger.read() as tx:
        counts = tx.search.counts()
        studies = _overdue(tx, settings, limit) if overdue else tx.studies.latest(limit)
        notices = (*dead_notice(tx), *tx.notices.all())
        sent = tx.deliveries.of_studies([study.study_instance_uid for study in studies])
        conflicts = tx.studies.notes([study.study_instance_uid for study in studies], QUARANTINED)
    quarantined = quarantined_count(open_store(settings))
    if as_json:
        told = [_as_json(study, conflicts.get(study.study_instance_uid, 0), sent) for study in studies]
        wrong = [{"source": one.source, "text": one.text, "since": one.since.isoformat()} for one in notices]
        found = {"counts": counts, "counted_up_to": COUNTED, "notices": wrong, "quarantined": quarantined}
        typer.echo(json.dumps(found | {"studies": told}))
        return
    console = Console()
    for notice in notices:
        since = f"{notice.since:%Y-%m-%d %H:%M:%S} UTC"
        console.print(f"[bold red]{escape(notice.text)}[/] ({notice.source}, since {since})")
    console.print(", ".join(map(_counted, counts.items())) or "no studies yet")
    if quarantined:
        console.print(f"{quarantined} in the quarantine: `preread quarantine list` tells why")
    if overdue and not studies:
        console.print("no study is overdue")
    if studies:
        console.print(_table(studies, conflicts))


def _counted(one: tuple[StudyState, int]) -> str:
    state, count = one
    return f"{count} {state}" if count <= COUNTED else f"more than {COUNTED} {state}"


def _overdue(tx: Transaction, settings: Settings, limit: int) -> list[Study]:
    after = timedelta(seconds=settings.assemble.alarm_after_s)
    return overdue_studies(tx, datetime.now(UTC) - after, limit)


def _as_json(study: Study, conflicts: int, sent: Sequence[Delivery]) -> dict[str, Any]:
    of_study = [one for one in sent if one.study_instance_uid == study.study_instance_uid]
    return {
        "study_instance_uid": study.study_instance_uid,
        "revision": study.revision,
        "state": study.state,
        "reason": study.reason,
        "priority": study.priority,
        "instance_count": study.instance_count,
        "quarantined": conflicts,
        "deliveries": [
            {
                "sop_instance_uid": one.sop_instance_uid,
                "destination": one.destination,
                "state": one.state,
                "proof": one.proof,
                "detail": one.detail,
            }
            for one in of_study
        ],
        "received_at": study.received_at.isoformat(),
        "updated_at": study.updated_at.isoformat(),
    }


def _table(studies: list[Study], conflicts: Mapping[str, int]) -> Table:
    table = Table("received (UTC)", "accession", "modality", "images", "state", "why")
    for study in studies:
        table.add_row(
            f"{study.received_at:%Y-%m-%d %H:%M:%S}",
            study.header.accession_number,
            "/".join(study.header.modalities),
            str(study.instance_count),
            study.state.replace("_", " "),
            _why(study.reason, conflicts.get(study.study_instance_uid, 0)),
        )
    return table


def _why(reason: str, conflicts: int) -> str:
    if not conflicts:
        return reason
    images = "1 image was" if conflicts == 1 else f"{conflicts} images were"
    return f"{reason}; {images} quarantined: other content under a known UID"
