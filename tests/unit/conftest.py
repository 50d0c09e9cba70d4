from collections.abc import Iterator
from pathlib import Path

import pytest

from service.storage.ledger import Ledger
from service.storage.memory import MemoryStore


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger in SQLite."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    ledger.upgrade()
    yield ledger
    ledger.close()


@pytest.fixture
def store() -> MemoryStore:
    """An empty instance store."""
    return MemoryStore()
