from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions.figures import figures
from tests.contracts.figures import FiguresContract


class TestFiguresOnSqlite(FiguresContract):
    @pytest.fixture
    def ledger_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


def test_no_figure_reads_a_table_that_grows_from_end_to_end(ledger: Ledger) -> None:
    """Notices, outbox and senders stay small by themselves."""
    statements: list[tuple[str, Any]] = []

    def note(_c: Connection, _cursor: Any, statement: str, parameters: Any, _ctx: Any, _many: bool) -> None:
        statements.append((statement, parameters))

    event.listen(ledger._engine, "before_cursor_execute", note)
    with ledger.read() as tx:
        figures(tx, ["US1"], ["pacs"])
    event.remove(ledger._engine, "before_cursor_execute", note)
    asked = [one for one in statements if one[0].startswith("SELECT")]
    assert len(asked) > 10
    used: list[str] = []
    with ledger.read() as tx:
        for statement, parameters in asked:
            plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            scanned = [row[-1] for row in plan if row[-1].startswith("SCAN")]
            allowed = ("anon_1", "(subquery", "outbox", "notices", "senders")
            assert all(any(name in one for name in allowed) for one in scanned), (statement, scanned)
            used += [row[-1] for row in plan]
    assert [one for one in used if "ix_deliveries_open" in one]
