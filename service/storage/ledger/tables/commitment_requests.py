"""Our own requests for storage commitment: what a destination was asked to keep, and its answer."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from service.storage.ledger.schema.tables import commitment_requests
from service.storage.ledger.tables.commitments import Reference


@dataclass(frozen=True, slots=True)
class CommitmentRequest:
    """One transaction (PS3.4 J.3.2). `reason` tells a person how it stands."""

    transaction_uid: str
    study_instance_uid: str
    revision: int
    destination: str
    references: tuple[Reference, ...]
    requested_at: datetime
    ended_at: datetime | None = None
    reason: str = "not reported yet"

    def names(self, sop_instance_uid: str) -> bool:
        """Whether it asks about this object."""
        return any(one.sop_instance_uid == sop_instance_uid for one in self.references)


@dataclass(frozen=True)
class CommitmentRequests:
    """The table of requests."""

    connection: Connection

    def add(self, request: CommitmentRequest) -> None:
        """Enter a request, before it is sent: its report may be quicker than the answer to it."""
        values = {name: getattr(request, name) for name in CommitmentRequest.__dataclass_fields__}
        references = [[one.sop_class_uid, one.sop_instance_uid] for one in request.references]
        self.connection.execute(insert(commitment_requests).values(values | {"references": references}))

    def find(self, transaction_uid: str) -> CommitmentRequest | None:
        """The request with this Transaction UID."""
        found = self._select(commitment_requests.c.transaction_uid == transaction_uid)
        return next(iter(found), None)

    def of(self, study_instance_uid: str, revision: int, destination: str) -> tuple[CommitmentRequest, ...]:
        """What was asked of a destination about one revision, the newest first."""
        table = commitment_requests.c
        return self._select(
            table.study_instance_uid == study_instance_uid,
            table.revision == revision,
            table.destination == destination,
        )

    def end(self, transaction_uid: str, at: datetime, reason: str) -> None:
        """The destination has reported, or will not."""
        self.connection.execute(
            update(commitment_requests)
            .where(commitment_requests.c.transaction_uid == transaction_uid)
            .values(ended_at=at, reason=reason)
        )

    def forget(self, transaction_uid: str) -> None:
        """The destination did not get it."""
        self.connection.execute(
            delete(commitment_requests).where(commitment_requests.c.transaction_uid == transaction_uid)
        )

    def _select(self, *conditions: ColumnElement[bool]) -> tuple[CommitmentRequest, ...]:
        statement = select(commitment_requests).where(*conditions)
        newest_first = commitment_requests.c.requested_at.desc()
        return tuple(_request(row) for row in self.connection.execute(statement.order_by(newest_first)))


def _request(row: Row[tuple[object, ...]]) -> CommitmentRequest:
    values = dict(row._mapping)
    values["references"] = tuple(Reference(*pair) for pair in values["references"])
    return CommitmentRequest(**values)
