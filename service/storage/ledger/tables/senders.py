"""When each calling AE title has sent last: a scanner that falls silent is seen, whatever the history
holds.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, String, Table, func, select, update

from service.storage.ledger.schema.columns import UtcDateTime, metadata
from service.storage.ledger.schema.statements import insert_if_absent
from service.study.model import ReceivedInstance

senders = Table(
    "senders",
    metadata,
    Column("calling_ae_title", String(16), primary_key=True),
    Column("last_received_at", UtcDateTime, nullable=False),
)

RESOLUTION = timedelta(seconds=30)
"""How exactly it is known. A scanner in the middle of a study costs one statement in this time, not one an
image.
"""


class Heard:
    """What this process has entered already, so that the ledger need not be asked. Threads may share it."""

    def __init__(self) -> None:
        self._at: dict[str, datetime] = {}

    def new(self, instances: Sequence[ReceivedInstance]) -> dict[str, datetime]:
        """By calling AE title, what is worth being entered."""
        found: dict[str, datetime] = {}
        for instance in instances:
            title, at = instance.calling_ae_title, instance.received_at
            last = found.get(title) or self._at.get(title)
            # A moment far before the last one: the clock was set back.
            if last is None or abs(at - last) >= RESOLUTION:
                found[title] = at
        return found

    def entered(self, heard: Mapping[str, datetime]) -> None:
        """It is in the ledger for good."""
        self._at.update(heard)


@dataclass(frozen=True)
class Senders:
    """The table of senders."""

    connection: Connection

    def enter(self, heard: Mapping[str, datetime]) -> None:
        """Enter when senders were heard. One after the other in one order: two processes never wait for each
        other.
        """
        for title, at in sorted(heard.items()):
            values = {"calling_ae_title": title, "last_received_at": at}
            if not insert_if_absent(self.connection, senders, values):
                self.connection.execute(
                    update(senders).where(senders.c.calling_ae_title == title).values(last_received_at=at)
                )

    def last_of(self, ae_titles: Collection[str]) -> dict[str, datetime]:
        """When each of these was heard last, where it was."""
        rows = self.connection.execute(select(senders).where(senders.c.calling_ae_title.in_(ae_titles)))
        return {row.calling_ae_title: row.last_received_at for row in rows}

    def last_of_others(self, ae_titles: Collection[str]) -> datetime | None:
        """When any other one was heard last."""
        others = select(func.max(senders.c.last_received_at)).where(
            senders.c.calling_ae_title.not_in(ae_titles)
        )
        last: datetime | None = self.connection.scalar(others)
        return last
