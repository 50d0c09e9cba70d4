"""Workitems that were found at worklist managers, and how far we are with each."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from service.storage.ledger.schema.statements import insert_if_absent
from service.storage.ledger.schema.workitems import workitems
from service.study.workitem import HeldWorkitem, Workitem, WorkitemState

OPEN = tuple(state for state in WorkitemState if not state.is_over)


@dataclass(frozen=True)
class Workitems:
    """The table of workitems."""

    connection: Connection

    def add(self, held: HeldWorkitem) -> bool:
        """Enter one that was found; False, and nothing is changed, where it is known."""
        values = asdict(held) | {
            "workitem_uid": held.uid,
            "study_instance_uid": held.study_instance_uid,
            "workitem": held.workitem.to_json(),
            "classifiers": list(held.classifiers),
            "destinations": list(held.destinations),
        }
        return insert_if_absent(self.connection, workitems, values)

    def find(self, workitem_uid: str) -> HeldWorkitem | None:
        """A workitem, if it was ever entered."""
        row = self.connection.execute(
            select(workitems).where(workitems.c.workitem_uid == workitem_uid)
        ).one_or_none()
        return _held(row) if row else None

    def known(self, workitem_uids: Collection[str]) -> frozenset[str]:
        """Which of these were ever entered."""
        found = self.connection.scalars(
            select(workitems.c.workitem_uid).where(workitems.c.workitem_uid.in_(workitem_uids))
        )
        return frozenset(found)

    def take(self, manager: str, now: datetime, until: datetime) -> HeldWorkitem | None:
        """An open one that is due, for the caller alone until a moment; None where none is."""
        due = (workitems.c.manager == manager, workitems.c.state.in_(OPEN), workitems.c.due_at <= now)
        rows = self.connection.execute(select(workitems).where(*due).order_by(workitems.c.due_at).limit(10))
        for row in rows.all():
            same = (workitems.c.workitem_uid == row.workitem_uid, workitems.c.due_at == row.due_at)
            if self.connection.execute(update(workitems).where(*same).values(due_at=until)).rowcount:
                return self.find(row.workitem_uid)
        return None

    def change(self, workitem_uid: str, **values: Any) -> None:
        """Enter new values of some columns."""
        self.connection.execute(
            update(workitems).where(workitems.c.workitem_uid == workitem_uid).values(values)
        )

    def ask_to_cancel(self, workitem_uid: str, reason: str, now: datetime) -> bool:
        """Have an open one canceled; False where it is none, or that was asked before."""
        changed = self.connection.execute(
            update(workitems)
            .where(
                workitems.c.workitem_uid == workitem_uid,
                workitems.c.state.in_(OPEN),
                workitems.c.cancel_asked == "",
            )
            .values(cancel_asked=reason, due_at=now)
        )
        return bool(changed.rowcount)

    def count_open(self, manager: str) -> int:
        """How many of a manager's are being worked on."""
        counted = select(func.count()).where(workitems.c.manager == manager, workitems.c.state.in_(OPEN))
        return self.connection.scalar(counted) or 0

    def of_study(self, study_instance_uid: str) -> tuple[HeldWorkitem, ...]:
        """What was ever asked for a study and was ours to do, oldest first; not what was to be canceled."""
        others = (WorkitemState.CLAIMING, WorkitemState.LOST)
        rows = self.connection.execute(
            select(workitems)
            .where(
                workitems.c.study_instance_uid == study_instance_uid,
                workitems.c.study_instance_uid != "",
                workitems.c.cancel_asked == "",
                workitems.c.state.not_in(others),
            )
            .order_by(workitems.c.found_at, workitems.c.workitem_uid)
        )
        return tuple(_held(row) for row in rows)

    def latest(self, limit: int, *, only_open: bool = False) -> tuple[HeldWorkitem, ...]:
        """Those found last, newest first."""
        statement = select(workitems).order_by(workitems.c.found_at.desc(), workitems.c.workitem_uid)
        if only_open:
            statement = statement.where(workitems.c.state.in_(OPEN))
        return tuple(_held(row) for row in self.connection.execute(statement.limit(limit)))


def _held(row: Row[Any]) -> HeldWorkitem:
    values = dict(row._mapping)
    del values["workitem_uid"], values["study_instance_uid"]
    return HeldWorkitem(
        **values
        | {
            "workitem": Workitem.from_json(values["workitem"]),
            "state": WorkitemState(values["state"]),
            "classifiers": tuple(values["classifiers"]),
            "destinations": tuple(values["destinations"]),
        }
    )
