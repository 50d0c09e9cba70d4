from pathlib import Path

import pytest

from tests.contracts.workitems import WorkitemsContract


class TestWorkitemsOnSqlite(WorkitemsContract):
    @pytest.fixture
    def ledger_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
