"""How the database answers what is asked: the plans of statements, and how many rows they pass over."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, event

from service.storage.ledger import Ledger

_BY_INDEX = ("USING INDEX", "USING COVERING INDEX")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan. `scanned`: the table that it reads from end to end; empty for any other.

    `rows`: read by it and passed over, on PostgreSQL; `pages`: of 8 KiB, by it and the steps below it.
    """

    told: str
    scanned: str = ""
    rows: int = 0
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
        return [Step(row[-1], _scanned_by_sqlite(row[-1])) for row in rows]
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
    found = connection.exec_driver_sql(explain, parameters).scalar_one()
    (answer,) = json.loads(found) if isinstance(found, str) else found
    return list(_steps(answer["Plan"]))


def _scanned_by_sqlite(told: str) -> str:
    """`SCAN studies`; along an index it ends where the LIMIT does, as long as nothing is passed over."""
    words = told.split()
    is_scan = words[0] == "SCAN" and not any(one in told for one in _BY_INDEX)
    return words[1] if is_scan and words[1].isidentifier() else ""


def _steps(node: dict[str, Any]) -> Iterator[Step]:
    loops = node["Actual Loops"]
    passed_over = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck"))
    is_read = "Relation Name" in node
    yield Step(
        told=" ".join(str(node[key]) for key in ("Node Type", "Relation Name", "Index Name") if key in node),
        scanned=node["Relation Name"] if node["Node Type"] == "Seq Scan" else "",
        rows=round((node["Actual Rows"] + passed_over) * loops) if is_read else 0,
        pages=node["Shared Hit Blocks"] + node["Shared Read Blocks"],
    )
    for child in node.get("Plans", ()):
        yield from _steps(child)
