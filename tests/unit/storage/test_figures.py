from pathlib import Path

import pytest

from tests.contracts.figures import FiguresContract


class TestFiguresOnSqlite(FiguresContract):
    @pytest.fixture
    def ledger_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
