"""What is wrong with the service itself: a disk that is full, a broker that is away."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from service.storage.ledger.schema.statements import insert_if_absent
from service.storage.ledger.schema.tables import notices


@dataclass(frozen=True, slots=True)
class Notice:
    """`source` says who found it, `text` what is wrong and what to do, `since` when it began."""

    source: str
    text: str
    since: datetime


@dataclass(frozen=True)
class Notices:
    """The table of notices: at most one of each source."""

    connection: Connection

    def put(self, source: str, text: str, now: datetime) -> None:
        """Have this text; one that is there already keeps its beginning."""
        if not insert_if_absent(self.connection, notices, {"source": source, "text": text, "since": now}):
            self.connection.execute(update(notices).where(notices.c.source == source).values(text=text))

    def clear(self, source: str) -> None:
        """What this source found is over."""
        self.connection.execute(delete(notices).where(notices.c.source == source))

    def all(self) -> tuple[Notice, ...]:
        """Every notice, the oldest first."""
        rows = self.connection.execute(select(notices).order_by(notices.c.since, notices.c.source))
        return tuple(Notice(**row._mapping) for row in rows)
