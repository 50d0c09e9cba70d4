from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from service.errors import LedgerUnavailable
from service.storage.ledger import Ledger
from service.storage.schema import metadata
from tests.contracts.ledger import LedgerContract


class TestLedgerOnSqlite(LedgerContract):
    @pytest.fixture
    def ledger_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


def test_migrations_lead_to_the_schema(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    ledger = Ledger(url)
    ledger.upgrade()
    ledger.close()
    engine = create_engine(url)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


def test_ledger_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    ledger = Ledger(f"sqlite:///{tmp_path / 'folder'}")
    with pytest.raises(LedgerUnavailable, match="does not answer"):
        ledger.upgrade()
    ledger.close()
