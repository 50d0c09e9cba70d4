"""Leases on work, with fencing: only who began a piece of work last may enter how it ended.

A worker that stalls (stopped, swapped out, cut off) does not know that its work was given to another. Its
token is lower than its successor's by then, so what it says comes too late and changes nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from service.storage.ledger.schema.statements import insert_if_absent
from service.storage.ledger.schema.tables import leases, studies

COUNTED = 100
"""Further than this nobody counts what was given up."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to end one piece of work. `token` counts who began it: the highest one holds.

    `strikes` counts the workers that it killed or that stalled over it, and the mistakes that it met;
    `reason` is what went wrong last, and `since` when it was begun first.
    """

    study_instance_uid: str
    revision: int
    work: str
    token: int
    strikes: int
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Work that nobody tries again by itself: its message is a dead letter."""

    study_instance_uid: str
    revision: int
    work: str
    reason: str
    dead_at: datetime


@dataclass(frozen=True)
class Leases:
    """The table of leases: one row for each piece of work that anybody began."""

    connection: Connection

    def take(self, study_instance_uid: str, revision: int, work: str) -> Lease:
        """Begin a piece of work; who began it before can no longer end it. Raises KeyError: unknown study.

        A lease that nobody ended by then counts as a strike.
        """
        known = select(studies.c.revision).where(studies.c.study_instance_uid == study_instance_uid)
        if self.connection.execute(known).first() is None:
            raise KeyError(study_instance_uid)
        key = {"study_instance_uid": study_instance_uid, "revision": revision, "work": work}
        insert_if_absent(
            self.connection, leases, key | {"token": 0, "strikes": 0, "is_held": False, "reason": ""}
        )
        one = _is(study_instance_uid, revision, work)
        row = self.connection.execute(select(leases).where(*one).with_for_update()).one()
        token, strikes, since = row.token + 1, row.strikes + row.is_held, row.since or datetime.now(UTC)
        self.connection.execute(
            update(leases).where(*one).values(token=token, strikes=strikes, since=since, is_held=True)
        )
        return Lease(study_instance_uid, revision, work, token, strikes, row.reason, since)

    def holds(self, lease: Lease) -> bool:
        """Whether nobody has begun the work since; if so, nobody will before this transaction ends."""
        token = self.connection.scalar(select(leases.c.token).where(*_is_of(lease)).with_for_update())
        return token == lease.token

    def release(self, lease: Lease, reason: str, *, strike: bool) -> bool:
        """Give a lease back: the work is tried again. False, and nothing changes, where it is another's."""
        strikes = leases.c.strikes + int(strike)
        return self._change(lease, is_held=False, strikes=strikes, reason=reason)

    def bury(self, lease: Lease, reason: str) -> bool:
        """Give the work up. False, and nothing changes, where the lease is another's."""
        return self._change(lease, is_held=False, reason=reason, dead_at=datetime.now(UTC))

    def revoke(self, study_instance_uid: str, revision: int, work: str) -> None:
        """The work is asked for anew: nobody who began it may end it, and what went wrong is forgotten."""
        self.connection.execute(
            update(leases)
            .where(*_is(study_instance_uid, revision, work))
            .values(token=leases.c.token + 1, strikes=0, is_held=False, since=None, dead_at=None, reason="")
        )

    def forget_dead(self, study_instance_uid: str, revision: int, work: str) -> None:
        """The dead letter is gone: nothing is left to be done about it."""
        self.connection.execute(
            update(leases).where(*_is(study_instance_uid, revision, work)).values(dead_at=None)
        )

    def forget_dead_of(self, study_instance_uid: str) -> None:
        """The study is tried again as a whole: nothing that was given up of it is left to be done."""
        self.connection.execute(
            update(leases)
            .where(leases.c.study_instance_uid == study_instance_uid, leases.c.dead_at.is_not(None))
            .values(dead_at=None)
        )

    def given_up(
        self, study_instance_uid: str | None = None, limit: int | None = None
    ) -> tuple[GivenUp, ...]:
        """What was given up on the present revision of one study, or of all; the newest first."""
        statement = (
            select(leases)
            .join(studies)
            .where(leases.c.dead_at.is_not(None), leases.c.revision == studies.c.revision)
            .order_by(leases.c.dead_at.desc(), leases.c.study_instance_uid, leases.c.work)
        )
        if study_instance_uid is not None:
            statement = statement.where(leases.c.study_instance_uid == study_instance_uid)
        if limit is not None:
            statement = statement.limit(limit)
        return tuple(_given_up(row) for row in self.connection.execute(statement))

    def count_given_up(self) -> tuple[int, datetime | None]:
        """How much of the present revisions was given up, and when the first of it was; COUNTED + 1 where it
        is more than COUNTED.
        """
        found = (
            select(leases.c.dead_at)
            .select_from(leases.join(studies))
            .where(leases.c.dead_at.is_not(None), leases.c.revision == studies.c.revision)
            .order_by(leases.c.dead_at)
            .limit(COUNTED + 1)
            .subquery()
        )
        count, first = self.connection.execute(select(func.count(), func.min(found.c.dead_at))).one()
        return count, first

    def find_given_up(self, study_instance_uid: str, revision: int, work: str) -> GivenUp | None:
        """The note on one dead letter, whatever revision the study has now."""
        statement = select(leases).where(
            *_is(study_instance_uid, revision, work), leases.c.dead_at.is_not(None)
        )
        row = self.connection.execute(statement).one_or_none()
        return _given_up(row) if row else None

    def _change(self, lease: Lease, **values: Any) -> bool:
        statement = update(leases).where(*_is_of(lease), leases.c.token == lease.token)
        return self.connection.execute(statement.values(values)).rowcount == 1


def _is(study_instance_uid: str, revision: int, work: str) -> tuple[Any, ...]:
    return (
        leases.c.study_instance_uid == study_instance_uid,
        leases.c.revision == revision,
        leases.c.work == work,
    )


def _is_of(lease: Lease) -> tuple[Any, ...]:
    return _is(lease.study_instance_uid, lease.revision, lease.work)


def _given_up(row: Row[Any]) -> GivenUp:
    return GivenUp(row.study_instance_uid, row.revision, row.work, row.reason, row.dead_at)
