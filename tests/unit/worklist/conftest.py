import pytest

from service.config import Settings
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.worklist.app import create_app
from tests.unit.worklist.builders import Seed
from tests.unit.worklist.clients import TestClient, from_here


@pytest.fixture
def seed(ledger: Ledger, store: MemoryStore) -> Seed:
    return Seed(ledger, store, 1)


@pytest.fixture
def client(ledger: Ledger, store: MemoryStore) -> TestClient:
    return from_here(create_app(ledger, store, Settings()))
