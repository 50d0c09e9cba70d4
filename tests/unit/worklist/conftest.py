import pytest
from argon2 import PasswordHasher

from service.access import secrets
from service.config import Settings
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.worklist.app import create_app
from tests.unit.worklist.builders import Seed
from tests.unit.worklist.clients import TestClient, from_here


@pytest.fixture(autouse=True)
def passwords_take_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third of a second for each sign-in is for attackers. tests/unit/access has the real hasher."""
    monkeypatch.setattr(secrets, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def seed(ledger: Ledger, store: MemoryStore) -> Seed:
    return Seed(ledger, store, 1)


@pytest.fixture
def client(ledger: Ledger, store: MemoryStore) -> TestClient:
    return from_here(create_app(ledger, store, Settings()))
