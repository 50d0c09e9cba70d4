import sqlite3
from pathlib import Path

from tests.unit.cli.conftest import Run


def test_upgrade_makes_the_tables(run: Run, tmp_path: Path) -> None:
    result = run("ledger", "upgrade")

    assert result.exit_code == 0
    assert "the ledger has the tables of this version" in result.output
    with sqlite3.connect(tmp_path / "data" / "ledger.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM studies").fetchone() == (0,)
    connection.close()
