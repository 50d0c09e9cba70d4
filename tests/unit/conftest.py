import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once to be copied: all migrations take longer than most tests."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite3"
    with closing(Ledger(f"sqlite:///{path}")) as ledger:
        ledger.upgrade()
    return path


@pytest.fixture
def ledger(tmp_path: Path, empty_ledger: Path) -> Iterator[Ledger]:
    """An empty ledger in SQLite."""
    path = tmp_path / "ledger.sqlite3"
    shutil.copyfile(empty_ledger, path)
    ledger = Ledger(f"sqlite:///{path}")
    yield ledger
    ledger.close()


@pytest.fixture
def store() -> MemoryStore:
    """An empty instance store."""
    return MemoryStore()
