from pathlib import Path

import pytest

from tests.contracts.modality_tables import ModalityTablesContract


class TestModalityTablesOnSqlite(ModalityTablesContract):
    @pytest.fixture
    def ledger_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
