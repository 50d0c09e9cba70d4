"""Which classifier took another one's place, who said so, and what he had seen."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from service.storage.ledger.schema.statements import lock_table
from service.storage.ledger.schema.tables import promotions


@dataclass(frozen=True, slots=True)
class Promotion:
    """From `promoted_at` on `promoted` runs where a rule names `demoted`, which goes into its shadow.

    `report` is the comparison of both at that moment, as JSON types.
    """

    promoted: str
    demoted: str
    promoted_by: str
    promoted_at: datetime
    report: dict[str, Any]

    def told(self) -> str:
        """In a few words."""
        when = f"{self.promoted_at:%Y-%m-%d}"
        return f"{self.promoted} promoted over {self.demoted} by {self.promoted_by} on {when}"


@dataclass(frozen=True)
class Promotions:
    """The table of promotions: rows are added, never changed."""

    connection: Connection

    def add(self, promotion: Promotion) -> None:
        """Enter one."""
        lock_table(self.connection, promotions)  # or one that began later might be seen first
        self.connection.execute(insert(promotions).values(asdict(promotion)))

    def all(self) -> tuple[Promotion, ...]:
        """Every one, the oldest first."""
        return tuple(one for _, one in self.after(0))

    def after(self, number: int) -> tuple[tuple[int, Promotion], ...]:
        """Those that were entered after the one of this number, the oldest first, each with its number."""
        rows = self.connection.execute(
            select(promotions).where(promotions.c.id > number).order_by(promotions.c.id)
        )
        return tuple((row.id, _promotion(row)) for row in rows)


def _promotion(row: Row[Any]) -> Promotion:
    return Promotion(**{name: value for name, value in row._mapping.items() if name != "id"})
