"""Studies that are being received, and what they wait for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, func, select, update

from service.storage.ledger.schema.tables import history, procedure_steps, studies
from service.storage.ledger.tables.studies import study_of
from service.study.state import StudyEvent, StudyState
from service.study.waiting import WaitingStudy


@dataclass(frozen=True)
class Receiving:
    """Those of the table of studies that are not complete yet."""

    connection: Connection

    def waiting(self) -> list[WaitingStudy]:
        """Studies that are being received, with what has come of them so far; the quietest first."""
        # The one that began it is entered alone; revisions that a complete series closes begin nothing anew.
        began = history.c.event == StudyEvent.INSTANCE_RECEIVED
        began_at = _of_study(history, func.max(history.c.at), began)
        steps_changed_at = _of_study(procedure_steps, func.max(procedure_steps.c.updated_at))
        rows = self.connection.execute(
            select(studies, began_at.label("began_at"), steps_changed_at.label("steps_changed_at"))
            .where(studies.c.state == StudyState.RECEIVED, studies.c.instance_count > 0)
            .order_by(studies.c.last_instance_at)
        )
        return [_waiting(row) for row in rows]

    def clock_went_back(self, now: datetime) -> None:
        """What waits cannot have been received, or released, later than `now`: have it wait from `now` on."""
        for moment in (studies.c.last_instance_at, studies.c.released_at):
            self.connection.execute(
                update(studies)
                .where(studies.c.state == StudyState.RECEIVED, moment > now)
                .values({moment: now})
            )


def _of_study(table: Table, moment: Any, *conditions: Any) -> Any:
    """A moment of the rows that another table has of each study; None where it has none."""
    of_study = table.c.study_instance_uid == studies.c.study_instance_uid
    return select(moment).where(of_study, *conditions).scalar_subquery()


def _waiting(row: Row[Any]) -> WaitingStudy:
    return WaitingStudy(
        study=study_of(row),
        began_at=row.began_at,
        last_instance_at=row.last_instance_at,
        released_at=row.released_at,
        steps_changed_at=row.steps_changed_at,
    )
