from pathlib import Path

import pytest

from tests.contracts.upgrades import UpgradeContract


class TestUpgradesOnSqlite(UpgradeContract):
    @pytest.fixture
    def ledger_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
