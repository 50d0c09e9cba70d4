"""The audit trail: who has seen and done what. Rows are added, never changed."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select

from service.access.records import Action, AuditEvent
from service.storage.ledger.schema.access import audit_events

_ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class AuditTrail:
    """The table of audit events."""

    connection: Connection

    def add(self, event: AuditEvent) -> None:
        """Enter one."""
        self.connection.execute(insert(audit_events).values(asdict(event)))

    def newest(self, count: int, study_instance_uid: str = "", who: str = "") -> tuple[AuditEvent, ...]:
        """The last ones, of one study or person where it is named; the newest first."""
        found = select(audit_events).order_by(audit_events.c.id.desc()).limit(count)
        if study_instance_uid:
            found = found.where(audit_events.c.study_instance_uid == study_instance_uid)
        if who:
            found = found.where(audit_events.c.who == who)
        return tuple(_event(row._mapping) for row in self.connection.execute(found))

    def since(self, moment: datetime) -> Iterator[AuditEvent]:
        """All from `moment` on, the oldest first, however many there are."""
        found = select(audit_events).where(audit_events.c.at >= moment).order_by(audit_events.c.id)
        rows = self.connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(found)
        return (_event(row._mapping) for row in rows)

    def failed_sign_ins(self, since: datetime, *, name: str = "", address: str = "") -> int:
        """How often somebody could not sign in as `name`, or from `address`, since then."""
        is_one: list[ColumnElement[bool]] = [
            audit_events.c.action == Action.SIGN_IN_FAILED,
            audit_events.c.at >= since,
        ]
        if name:
            is_one.append(audit_events.c.who == name)
        if address:
            is_one.append(audit_events.c.address == address)
        return self.connection.scalar(select(func.count()).select_from(audit_events).where(*is_one)) or 0


def _event(row: RowMapping) -> AuditEvent:
    values = dict(row)
    del values["id"]
    return AuditEvent(**values | {"action": Action(values["action"])})
