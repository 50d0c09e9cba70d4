"""The ledger as a whole in a few numbers, at a cost that does not grow with the history.

Every question is answered by an index and ends at COUNTED rows: what waits is little as long as all is well,
and beyond that nobody needs the exact number.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, String, func, literal, select

from service.storage.ledger.ledger import Transaction
from service.storage.ledger.schema.few import IS_OPEN
from service.storage.ledger.schema.tables import analyses, deliveries, leases, notices, outbox, studies
from service.storage.ledger.tables.deliveries import DeliveryState
from service.study.state import AnalysisState, StudyState

COUNTED = 10_000
"""Further than this nobody counts."""
_AGING = (StudyState.RECEIVED, StudyState.ASSEMBLED, StudyState.QUEUED, StudyState.INFERRED)
_STANDING = (*_AGING, StudyState.PARKED, StudyState.REPORTED, StudyState.FAILED)

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait, and since when the first of them does."""

    count: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """`analyses` by classifier and priority, `messages` by queue, `deliveries` by destination and state,
    `dead` by work, `notices` by check, `last_received` by calling AE title; that of all others is under "".
    """

    studies: Mapping[StudyState, int]
    oldest: Mapping[StudyState, datetime]
    analyses: Mapping[Keys, Waiting]
    messages: Mapping[Keys, Waiting]
    deliveries: Mapping[Keys, Waiting]
    dead: Mapping[Keys, Waiting]
    notices: Mapping[str, int]
    last_received: Mapping[str, datetime]


def figures(tx: Transaction, ae_titles: Collection[str], destinations: Collection[str]) -> Figures:
    """Those of this moment. `ae_titles` are the senders that are told apart."""
    connection = tx.connection
    return Figures(
        studies={state: _count(connection, state) for state in _STANDING},
        oldest=_oldest(connection),
        analyses=_waiting(connection, _queued_analyses()),
        messages=_waiting(connection, _messages()),
        deliveries={
            key: found
            for name in destinations
            for state in (DeliveryState.WAITING, DeliveryState.SENT)
            for key, found in _open_deliveries(connection, name, state).items()
        },
        dead=_waiting(connection, _dead()),
        notices=_notices(connection),
        last_received=_last_received(tx, ae_titles),
    )


def _count(connection: Connection, state: StudyState) -> int:
    some = select(literal(1)).select_from(studies).where(studies.c.state == state).limit(COUNTED).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


def _oldest(connection: Connection) -> dict[StudyState, datetime]:
    found = {
        state: connection.scalar(select(func.min(studies.c.last_instance_at)).where(studies.c.state == state))
        for state in _AGING
    }
    return {state: at for state, at in found.items() if at is not None}


def _queued_analyses() -> Select[Any]:
    """By the studies in the queue: what older revisions have left behind is not waited for."""
    return (
        select(analyses.c.classifier, analyses.c.priority, analyses.c.queued_at)
        .join(studies)
        .where(
            studies.c.state == StudyState.QUEUED,
            analyses.c.revision == studies.c.revision,
            analyses.c.state == AnalysisState.QUEUED,
            analyses.c.shadow.is_(False),
        )
        .order_by(studies.c.last_instance_at)
    )


def _messages() -> Select[Any]:
    alive = select(outbox.c.queue, outbox.c.created_at).where(outbox.c.dead.is_(False))
    return alive.order_by(outbox.c.id)


def _dead() -> Select[Any]:
    return (
        select(leases.c.work, leases.c.dead_at)
        .join(studies)
        .where(leases.c.dead_at.is_not(None), leases.c.revision == studies.c.revision)
        .order_by(leases.c.dead_at)
    )


def _open_deliveries(connection: Connection, destination: str, state: DeliveryState) -> dict[Keys, Waiting]:
    """By the index of open deliveries, which serves where its condition is repeated word for word."""
    statement = (
        select(
            literal(destination, String).label("destination"),
            literal(state.value, String).label("state"),
            deliveries.c.updated_at,
        )
        .where(
            IS_OPEN,
            deliveries.c.destination == destination,
            deliveries.c.state == state,
        )
        .order_by(deliveries.c.updated_at)
    )
    return _waiting(connection, statement) or {(destination, state.value): Waiting(0, None)}


def _waiting(connection: Connection, statement: Select[Any]) -> dict[Keys, Waiting]:
    """Rows of keys and a moment, counted by their keys; at most COUNTED, those that come first."""
    rows = statement.limit(COUNTED).subquery()
    *keys, moment = rows.c
    counted = select(*keys, func.count(), func.min(moment)).group_by(*keys)
    return {tuple(row[: len(keys)]): Waiting(row[-2], row[-1]) for row in connection.execute(counted)}


def _notices(connection: Connection) -> dict[str, int]:
    """Sources are `<role>@<host>/<check>`: the host is left out."""
    found: dict[str, int] = {}
    for source in connection.scalars(select(notices.c.source).limit(COUNTED)):
        check = source.rpartition("/")[2]
        found[check] = found.get(check, 0) + 1
    return found


def _last_received(tx: Transaction, ae_titles: Collection[str]) -> dict[str, datetime]:
    found = tx.senders.last_of(ae_titles)
    others = tx.senders.last_of_others(ae_titles)
    return found if others is None else {**found, "": others}
