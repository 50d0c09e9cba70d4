"""How the database answers what is asked: the plans of statements, and how many rows they pass over."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, event

from service.storage.ledger.ledger import Ledger

_BY_INDEX = ("USING INDEX", "USING COVERING INDEX")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan. `scanned`: the table that it reads from end to end; empty for any other.

    `work`: rows that it reads or passes over (PostgreSQL), or hundreds of instructions (SQLite). `pages` of
    8 KiB that a whole statement reads (PostgreSQL).
    """

    told: str
    scanned: str = ""
    work: int = 0
    pages: int = 0


@dataclass
class Statements:
    """What was asked within `noted`."""

    asked: list[tuple[str, Any]] = field(default_factory=list)

    def explained(self, ledger: Ledger) -> list[Step]:
        """The plans of everything that only reads; PostgreSQL runs it once more for that."""
        steps: list[Step] = []
        with ledger.read() as tx:
            for statement, parameters in self.asked:
                if statement.lstrip().startswith("SELECT") and "pg_" not in statement:
                    steps += _explained(tx.connection, statement, parameters)
        return steps


@contextmanager
def noted(ledger: Ledger) -> Iterator[Statements]:
    """Every statement that the ledger gives its database meanwhile."""
    found = Statements()

    def note(_c: Connection, _cursor: Any, statement: str, parameters: Any, _ctx: Any, many: bool) -> None:
        found.asked += [(statement, one) for one in (parameters if many else [parameters])]

    event.listen(ledger._engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(ledger._engine, "before_cursor_execute", note)


def _explained(connection: Connection, statement: str, parameters: Any) -> list[Step]:
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        steps = [Step(row[-1], _scanned_by_sqlite(row[-1])) for row in rows]
        return [*steps, Step("all of it", work=_instructions(connection, statement, parameters))]
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
    (answer,) = connection.exec_driver_sql(explain, parameters).scalar_one()
    plan = answer["Plan"]
    whole = Step("all of it", pages=plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
    return [*_steps(plan), whole]


def _instructions(connection: Connection, statement: str, parameters: Any) -> int:
    database: Any = connection.connection.dbapi_connection
    hundreds = 0

    def count() -> int:
        nonlocal hundreds
        hundreds += 1
        return 0

    database.set_progress_handler(count, 100)
    try:
        connection.exec_driver_sql(statement, parameters).all()
    finally:
        database.set_progress_handler(None, 0)
    return hundreds


def _scanned_by_sqlite(told: str) -> str:
    """`SCAN studies`; along an index it ends where the LIMIT does, as long as nothing is passed over."""
    words = told.split()
    is_scan = words[0] == "SCAN" and not any(one in told for one in _BY_INDEX)
    return words[1] if is_scan and words[1].isidentifier() else ""


def _steps(node: dict[str, Any]) -> Iterator[Step]:
    passed_over = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck"))
    rows = (node["Actual Rows"] + passed_over) * node["Actual Loops"]
    yield Step(
        " ".join(str(node[key]) for key in ("Node Type", "Relation Name", "Index Name") if key in node),
        scanned=node["Relation Name"] if node["Node Type"] == "Seq Scan" else "",
        work=round(rows) if "Relation Name" in node else 0,
    )
    for child in node.get("Plans", ()):
        yield from _steps(child)
