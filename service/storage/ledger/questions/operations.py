"""What the operations page asks the ledger: bounded, so that it costs the same in a long history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, TextClause, func, select

from service.storage.ledger.schema.few import IS_HELD, IS_OPEN, IS_QUEUED
from service.storage.ledger.schema.tables import analyses, deliveries, instances, leases, studies
from service.storage.ledger.tables.analyses import Analysis, analysis_of
from service.storage.ledger.tables.deliveries import DeliveryState, Proof
from service.study.state import StudyState

MOST_ROWS = 5000
"""Newest analyses or studies that figures are made of."""
_OPEN = (DeliveryState.WAITING, DeliveryState.SENT)


@dataclass(frozen=True, slots=True)
class ClassifierWork:
    """What waits for one classifier, and since when the longest."""

    classifier: str
    waiting: int
    oldest_queued_at: datetime | None


@dataclass(frozen=True, slots=True)
class DestinationWork:
    """Objects of one destination in one state; `oldest_at`: since when the longest."""

    destination: str
    state: DeliveryState
    proof: Proof
    count: int
    oldest_at: datetime
    newest_at: datetime


@dataclass(frozen=True, slots=True)
class InHand:
    """A piece of work that some process holds, such as `inference.us-mass`."""

    work: str
    count: int
    oldest_at: datetime


@dataclass(frozen=True)
class Operations:
    """Reads what is in the ledger as a whole."""

    connection: Connection

    def waiting_for_classifiers(self) -> list[ClassifierWork]:
        """By classifier, those of which something waits; of the newest MOST_ROWS that wait."""
        waiting = (
            select(analyses.c.classifier, analyses.c.queued_at)
            .where(IS_QUEUED)
            .order_by(analyses.c.queued_at.desc())
            .limit(MOST_ROWS)
            .subquery()
        )
        rows = self.connection.execute(
            select(waiting.c.classifier, func.count(), func.min(waiting.c.queued_at))
            .group_by(waiting.c.classifier)
            .order_by(waiting.c.classifier)
        )
        return [ClassifierWork(*row) for row in rows]

    def at_destinations(self, since: datetime) -> list[DestinationWork]:
        """By destination and state: all that is not done, and what was done since then."""
        was_done = deliveries.c.state.not_in(_OPEN) & (deliveries.c.updated_at >= since)
        found = [*self._destinations(IS_OPEN), *self._destinations(was_done)]
        return sorted(found, key=lambda one: (one.destination, one.state))

    def _destinations(self, which: ColumnElement[bool] | TextClause) -> list[DestinationWork]:
        table = deliveries.c
        at = (func.count(), func.min(table.updated_at), func.max(table.updated_at))
        rows = self.connection.execute(
            select(table.destination, table.state, table.proof, *at)
            .where(which)
            .group_by(table.destination, table.state, table.proof)
        )
        return [
            DestinationWork(name, DeliveryState(state), Proof(proof), count, oldest, newest)
            for name, state, proof, count, oldest, newest in rows
        ]

    def in_hand(self) -> list[InHand]:
        """What processes are at work on just now."""
        rows = self.connection.execute(
            select(leases.c.work, func.count(), func.min(leases.c.since))
            .where(IS_HELD, leases.c.dead_at.is_(None))
            .group_by(leases.c.work)
            .order_by(leases.c.work)
        )
        return [InHand(*row) for row in rows if row[2] is not None]

    def turnarounds(self, since: datetime) -> list[tuple[datetime, timedelta]]:
        """Of studies that were delivered since then, the newest MOST_ROWS: when, and how long after the last
        image.
        """
        rows = self.connection.execute(
            select(studies.c.updated_at, studies.c.last_instance_at)
            .where(
                studies.c.state == StudyState.DELIVERED,
                studies.c.last_instance_at >= since,
            )
            .order_by(studies.c.last_instance_at.desc())
            .limit(MOST_ROWS)
        )
        return [(delivered, delivered - last) for delivered, last in rows]

    def finished(self, since: datetime) -> list[Analysis]:
        """Analyses that ended since then and are not in the shadow, the newest MOST_ROWS."""
        rows = self.connection.execute(
            select(analyses)
            .where(analyses.c.finished_at >= since, analyses.c.shadow.is_(False))
            .order_by(analyses.c.finished_at.desc())
            .limit(MOST_ROWS)
        )
        return [analysis_of(row) for row in rows]

    def scanners(self, study_instance_uids: Sequence[str]) -> dict[str, str]:
        """By study the calling AE title that it came from; of several the first by name."""
        found: dict[str, str] = {}
        for start in range(0, len(study_instance_uids), 500):
            rows = self.connection.execute(
                select(instances.c.study_instance_uid, func.min(instances.c.calling_ae_title))
                .where(instances.c.study_instance_uid.in_(study_instance_uids[start : start + 500]))
                .group_by(instances.c.study_instance_uid)
            )
            found |= {row[0]: row[1] for row in rows}
        return found
