from pathlib import Path

import pytest

from tests.contracts.result_search import ResultSearchContract


class TestResultSearchOnSqlite(ResultSearchContract):
    @pytest.fixture
    def ledger_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
