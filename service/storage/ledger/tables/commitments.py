"""Requests for storage commitment, each until it is answered or its time is over."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, update

from service.storage.ledger.schema.few import IS_UNANSWERED
from service.storage.ledger.schema.tables import commitments


@dataclass(frozen=True, slots=True)
class Reference:
    """An instance that a peer asks about, as the peer names it."""

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class Commitment:
    """One request (PS3.4 J.3.2). `reason` tells a person how the last attempt to answer it went."""

    id: int
    transaction_uid: str
    calling_ae_title: str
    references: tuple[Reference, ...]
    requested_at: datetime
    answered_at: datetime | None
    attempts: int
    reason: str


@dataclass(frozen=True)
class Commitments:
    """The table of requests for storage commitment."""

    connection: Connection

    def add(
        self, transaction_uid: str, calling_ae_title: str, references: Iterable[Reference], at: datetime
    ) -> int:
        """Enter a request; its number."""
        values = {
            "transaction_uid": transaction_uid,
            "calling_ae_title": calling_ae_title,
            "references": [[one.sop_class_uid, one.sop_instance_uid] for one in references],
            "requested_at": at,
            "reason": "not answered yet",
        }
        key = self.connection.execute(insert(commitments).values(values)).inserted_primary_key
        return int(key[0]) if key else 0

    def find(self, commitment_id: int) -> Commitment | None:
        """The request with this number."""
        row = self.connection.execute(
            select(commitments).where(commitments.c.id == commitment_id)
        ).one_or_none()
        return _commitment(row) if row else None

    def unanswered(self, since: datetime) -> list[int]:
        """The numbers of the requests from `since` on that are not answered, oldest first."""
        rows = self.connection.execute(
            select(commitments.c.id)
            .where(IS_UNANSWERED, commitments.c.requested_at >= since)
            .order_by(commitments.c.id)
        )
        return list(rows.scalars())

    def tried(self, commitment_id: int, reason: str, answered_at: datetime | None = None) -> None:
        """Count an attempt to answer; `answered_at`, where the peer has confirmed it, ends the request."""
        self.connection.execute(
            update(commitments)
            .where(commitments.c.id == commitment_id, commitments.c.answered_at.is_(None))
            .values(attempts=commitments.c.attempts + 1, reason=reason, answered_at=answered_at)
        )


def _commitment(row: Row[tuple[object, ...]]) -> Commitment:
    values = dict(row._mapping)
    values["references"] = tuple(Reference(*pair) for pair in values["references"])
    return Commitment(**values)
