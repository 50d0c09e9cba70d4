"""The outbox: messages written in the same transaction as the state they belong to.

With RabbitMQ, a relay takes rows from here, publishes them and deletes them once confirmed. Embedded, the
rows themselves are the queue: a consumer leases them, renews the lease while it works, and deletes them.
Either way no state changes without its message, and no message leaves without its state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, case, delete, or_, select, update

from service.storage.ledger.schema.statements import insert_if_absent
from service.storage.ledger.schema.tables import outbox
from service.storage.ledger.tables.leases import Leases
from service.study.messages import URGENT_SUFFIX, Message

CLOCKS_DIFFER_S = 60.0
"""Clocks of several machines differ by less."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message. `attempts` counts how often it was claimed."""

    id: int
    message_id: str
    queue: str
    body: dict[str, Any]
    attempts: int
    reason: str


@dataclass(frozen=True)
class Outbox:
    """The table of messages on their way."""

    connection: Connection

    def add(self, message: Message) -> None:
        """Let a message leave with this transaction. Its work is asked for anew: who began it before this
        transaction may no longer end it.
        """
        Leases(self.connection).revoke(message.study_instance_uid, message.revision, message.work)
        self.insert(str(uuid4()), message.queue, message.to_json())

    def insert(self, message_id: str, queue: str, body: dict[str, Any]) -> None:
        """Enter a message as it is, unless one of this id is there: publishing again must be harmless."""
        insert_if_absent(
            self.connection,
            outbox,
            {
                "message_id": message_id,
                "queue": queue,
                "body": body,
                "created_at": datetime.now(UTC),
                "available_at": 0.0,
            },
        )

    def claim(
        self,
        queues: Sequence[str] | None,
        limit: int,
        owner: str,
        now_s: float,
        lease_s: float,
        longest_delay_s: float = 0.0,
    ) -> list[OutboxRow]:
        """Lease up to `limit` messages that are due: earlier-named queues first, then the oldest.

        `queues` None means every queue, those for urgent work first. Counts one more attempt for each.
        Nothing is ever put off for longer than `lease_s` or `longest_delay_s`: what seems to be was put off
        before the clock was set back, and is due.
        """
        latest_s = now_s + max(lease_s, longest_delay_s) + CLOCKS_DIFFER_S
        is_due = or_(outbox.c.available_at <= now_s, outbox.c.available_at > latest_s)
        due = [outbox.c.dead.is_(False), is_due]
        if queues is None:
            rank: Any = case((outbox.c.queue.endswith(URGENT_SUFFIX), 0), else_=1)
        else:
            due.append(outbox.c.queue.in_(queues))
            rank = case({queue: rank for rank, queue in enumerate(queues)}, value=outbox.c.queue)
        order = (rank, outbox.c.id)
        chosen = select(outbox.c.id).where(*due).order_by(*order).limit(limit)
        ids = list(self.connection.scalars(chosen.with_for_update(skip_locked=True)))
        if not ids:
            return []
        self.connection.execute(
            update(outbox)
            .where(outbox.c.id.in_(ids))
            .values(attempts=outbox.c.attempts + 1, lease_owner=owner, available_at=now_s + lease_s)
        )
        rows = self.connection.execute(select(outbox).where(outbox.c.id.in_(ids)).order_by(*order))
        return [_row(row) for row in rows]

    def renew(self, ids: Sequence[int], owner: str, until_s: float) -> None:
        """Keep the leases that `owner` still holds."""
        self._held(ids, owner, available_at=until_s)

    def delete(self, ids: Sequence[int], owner: str) -> None:
        """Forget messages whose lease `owner` still holds."""
        self.connection.execute(
            delete(outbox).where(outbox.c.id.in_(list(ids)), outbox.c.lease_owner == owner)
        )

    def release(self, ids: Sequence[int], owner: str, available_at_s: float, reason: str) -> None:
        """Give messages back, to be claimed again not before `available_at_s`."""
        self._held(ids, owner, lease_owner=None, available_at=available_at_s, reason=reason)

    def bury(self, ids: Sequence[int], owner: str, reason: str) -> None:
        """Set messages aside as dead letters."""
        self._held(ids, owner, lease_owner=None, dead=True, reason=reason)

    def dead(self, queue: str) -> list[OutboxRow]:
        """The dead letters of a queue, oldest first."""
        rows = self.connection.execute(
            select(outbox).where(outbox.c.queue == queue, outbox.c.dead.is_(True)).order_by(outbox.c.id)
        )
        return [_row(row) for row in rows]

    def discard(self, queue: str, message_id: str) -> bool:
        """Forget a dead letter. False where the queue has none of this id."""
        found = (outbox.c.queue == queue, outbox.c.message_id == message_id, outbox.c.dead.is_(True))
        return self.connection.execute(delete(outbox).where(*found)).rowcount == 1

    def _held(self, ids: Sequence[int], owner: str, **values: Any) -> None:
        # Only the holder may change a row: a worker that stalled past its lease finds it gone.
        self.connection.execute(
            update(outbox).where(outbox.c.id.in_(list(ids)), outbox.c.lease_owner == owner).values(values)
        )


def _row(row: Row[Any]) -> OutboxRow:
    return OutboxRow(row.id, row.message_id, row.queue, row.body, row.attempts, row.reason)
