"""Studies that have reached no final state long after their last image."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, union_all

from service.storage.ledger.ledger import Transaction
from service.storage.ledger.schema.few import IS_OPEN
from service.storage.ledger.schema.statements import one_by_one
from service.storage.ledger.schema.tables import deliveries, history, studies
from service.storage.ledger.tables.deliveries import DeliveryState
from service.study.model import Study
from service.study.state import StudyEvent, StudyState

_BEFORE_REPORTED = (StudyState.RECEIVED, StudyState.ASSEMBLED, StudyState.QUEUED, StudyState.INFERRED)
"""States that a study leaves by itself, as it does the one after them. One that is parked waits for a person
on purpose.
"""


@dataclass(frozen=True, slots=True)
class Overdue:
    """How many studies are overdue, the one that waits longest, and since when no image of it has come."""

    count: int
    oldest: Study
    since: datetime


def find_overdue(tx: Transaction, before: datetime) -> Overdue | None:
    """The studies whose last image came before a moment; None where there are none."""
    conditions = _conditions(before)
    counting = select(func.count(), func.min(studies.c.last_instance_at)).where(*conditions)
    count, since = tx.connection.execute(counting).one()
    oldest = tx.studies.oldest(1, *conditions)
    return Overdue(count, oldest[0], since) if oldest else None


def overdue_studies(tx: Transaction, before: datetime, limit: int) -> list[Study]:
    """Up to so many of them, the one that waits longest first."""
    return tx.studies.oldest(limit, *_conditions(before))


def _conditions(before: datetime) -> tuple[Any, ...]:
    """By the indexes on state and last instance, and on open deliveries; the rest is looked up for what that
    leaves. Without a destination results stay here, and "reported" is where the study ends: such studies are
    many, and none of them is looked at.
    """
    uid, is_late = studies.c.study_instance_uid, studies.c.last_instance_at < before
    being_sent = select(deliveries.c.study_instance_uid).where(
        IS_OPEN, deliveries.c.state == DeliveryState.WAITING
    )
    is_tried_again = one_by_one(
        select(history.c.id).where(
            history.c.study_instance_uid == uid,
            history.c.event == StudyEvent.RETRIED,
            history.c.at >= before,
        )
    )
    at_work = select(uid).where(studies.c.state.in_(_BEFORE_REPORTED), is_late)
    reported = select(uid).where(studies.c.state == StudyState.REPORTED, is_late, uid.in_(being_sent))
    return uid.in_(union_all(at_work, reported)), ~is_tried_again
