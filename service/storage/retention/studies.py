"""Removing whole studies that are done with: files, then every row of the ledger."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, Select, delete, select

from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.schema.few import IS_DONE
from service.storage.ledger.schema.statements import one_by_one
from service.storage.ledger.schema.tables import commitments, deliveries, procedure_steps, studies
from service.storage.ledger.tables.deliveries import DeliveryState
from service.storage.store.port import InstanceStore
from service.study.state import StudyState

log = structlog.get_logger()

FOLDERS = ("instances", "analyses", "objects", "reports")
"""Of the instance store; in each, a study has a folder of its own."""
OF_STUDY = tuple(
    table for table in reversed(studies.metadata.sorted_tables) if "study_instance_uid" in table.c
)
"""Every table that knows studies, so ordered that no row refers to one that is gone."""


@dataclass(frozen=True, slots=True)
class StudyRemoval:
    """What was, or would be, removed."""

    study_instance_uid: str
    state: StudyState
    done_at: datetime
    files: int


class StudyRetention:
    """Studies are due `days` after they were delivered, or found to be nothing for us."""

    def __init__(
        self,
        ledger: Ledger,
        store: InstanceStore,
        days: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._days = days
        self._now = now

    def due(self) -> list[str]:
        """Study Instance UIDs, the oldest being first. Raises LedgerUnavailable."""
        with self._ledger.read() as tx:
            return list(tx.connection.scalars(self._due()))

    def look(self, study_instance_uid: str) -> StudyRemoval | None:
        """What `remove` would remove. Raises LedgerUnavailable, StoreUnavailable."""
        with self._ledger.read() as tx:
            return self._look(tx, study_instance_uid)

    def remove(self, study_instance_uid: str) -> StudyRemoval | None:
        """Remove a study; None, and nothing is removed, where it is not due (any more).

        Interrupted, it is due again, and what is left goes. Raises LedgerUnavailable, StoreUnavailable.
        """
        with self._ledger.begin() as tx:
            removal = self._look(tx, study_instance_uid)
            if removal is None:
                return None
            for key in self._keys(study_instance_uid):
                self._store.delete(key)
            _forget(tx.connection, study_instance_uid)
        log.info("study removed", study_instance_uid=study_instance_uid)
        return removal

    def turn(self) -> None:
        """Remove everything that is due. Raises as `remove`."""
        for study_instance_uid in self.due():
            self.remove(study_instance_uid)
        with self._ledger.begin() as tx:
            tx.connection.execute(delete(commitments).where(commitments.c.answered_at <= self._before()))
            tx.connection.execute(
                delete(procedure_steps).where(procedure_steps.c.updated_at <= self._before())
            )

    def _due(self) -> Select[tuple[str]]:
        undelivered = one_by_one(
            select(deliveries.c.sop_instance_uid).where(
                deliveries.c.study_instance_uid == studies.c.study_instance_uid,
                deliveries.c.state != DeliveryState.DELIVERED,
            )
        )
        # A failed one stays until somebody has looked at it.
        return (
            select(studies.c.study_instance_uid)
            .where(IS_DONE, studies.c.updated_at <= self._before(), ~undelivered)
            .order_by(studies.c.updated_at, studies.c.study_instance_uid)
        )

    def _look(self, tx: Transaction, study_instance_uid: str) -> StudyRemoval | None:
        """None where it is not due. In a writing transaction nobody makes it a new revision meanwhile."""
        due = self._due().where(studies.c.study_instance_uid == study_instance_uid).with_for_update()
        if tx.connection.scalar(due) is None:
            return None
        study = tx.studies.lock(study_instance_uid)
        files = len(self._keys(study_instance_uid))
        return StudyRemoval(study_instance_uid, study.state, study.updated_at, files)

    def _before(self) -> datetime:
        return self._now() - timedelta(days=self._days)

    def _keys(self, study_instance_uid: str) -> list[str]:
        return [key for folder in FOLDERS for key in self._store.keys(f"{folder}/{study_instance_uid}/")]


def _forget(connection: Connection, study_instance_uid: str) -> None:
    for table in OF_STUDY:
        connection.execute(delete(table).where(table.c.study_instance_uid == study_instance_uid))
