"""A ledger with a history of years, made by the database itself: ten million studies in minutes.

Every study has its row. One in four of the older ones has its search terms, and one in twenty all that hangs
on a study: history, instances, analysis, result objects, deliveries, leases. The newest have everything, and
the last of them are at work. A longer history differs in its length, and in nothing else.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.schema import DropIndex

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.schema.columns import metadata
from service.storage.ledger.schema.indexes import build_at_once
from service.study.messages import InferenceRequest
from tests.benchmarks.growth_tables import DIALECT, NUMBERS, TABLES, Rows
from tests.factories import result, score

ROOT = "1.2.826.5"
BETWEEN_S = 30
"""Between two studies: 2880 a day."""
EVERY = {"all": 1, "found": 4, "full": 20}
NEWEST = 5000
_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class History:
    """A ledger that was filled with studies 1 to `count`, the last one received at `newest`."""

    ledger: Ledger
    count: int
    newest: datetime

    def uid(self, number: int) -> str:
        """Of a study."""
        return f"{ROOT}.{number}"

    def full(self, share: float) -> int:
        """The number of a study with all that hangs on it, at this share of the history, 0 to 1."""
        return max(1, int(share * self.count) // EVERY["full"]) * EVERY["full"]


def fill(ledger: Ledger, count: int, newest: datetime, newest_full: int = NEWEST) -> History:
    """`newest_full`: of so many of the last studies there is everything. Indexes are built at the end, and
    PostgreSQL learns what there is; SQLite does not, as in an installation.
    """
    with ledger.begin() as tx:
        for table in metadata.sorted_tables:
            for index in table.indexes:
                tx.connection.execute(DropIndex(index, if_exists=True))
    for rows in TABLES:
        for numbers in _parts(count, EVERY[rows.which], newest_full):
            with ledger.begin() as tx:
                _insert(tx.connection, rows, numbers, count, newest)
    history = History(ledger, count, newest)
    with ledger.begin() as tx:
        for number in range(count - 19, count - 9):
            tx.outbox.add(InferenceRequest(history.uid(number), 1, "us-mass"))
        build_at_once(tx.connection)
    if ledger._engine.dialect.name == "postgresql":
        _analyse(ledger._engine)
    return history


def _parts(count: int, every: int, newest_full: int) -> Iterator[tuple[int, int, int]]:
    """First and last numbers, and the step between them: some of the older ones, all of the newest."""
    oldest_new = count + 1 if every == 1 else max(1, count - newest_full + 1)
    for first in range(every, oldest_new, every * _AT_ONCE):
        yield first, min(first + every * (_AT_ONCE - 1), (oldest_new - 1) // every * every), every
    if oldest_new <= count:
        yield oldest_new, count, 1


def _insert(
    connection: Connection, rows: Rows, numbers: tuple[int, int, int], count: int, newest: datetime
) -> None:
    dialect = DIALECT[connection.dialect.name]
    if connection.dialect.name == "postgresql":
        # Rows refer to others that are there: to look at each again would take most of the time.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
    first, last, every = numbers
    made = NUMBERS.format(first=first, last=last, every=every, root=ROOT, count=count, **dialect)
    selected = rows.selected.format(count=count, **dialect)
    statement = f"INSERT INTO {rows.table} ({rows.columns}) {made} {selected}"
    values: dict[str, Any] = {"newest": newest.replace(tzinfo=None), "count": count}
    values |= {"between": BETWEEN_S, "result": _RESULT}
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    connection.execute(text(statement), used)


def _analyse(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


_RESULT = json.dumps(
    result(
        study_instance_uid="THE_STUDY",
        scores=tuple(score(laterality=side, category="4A", sop_instance_uid="THE_STUDY.1") for side in "LR"),
    ).to_json()
)
