import warnings

import pytest

from service.config import Settings
from service.storage.ledger import Ledger
from service.storage.memory import MemoryStore
from service.worklist.app import create_app
from tests.unit.worklist.builders import Seed

with warnings.catch_warnings():
    # Starlette wants httpx2 for its test client; httpx is what the other tests talk to servers with.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient


@pytest.fixture
def seed(ledger: Ledger, store: MemoryStore) -> Seed:
    return Seed(ledger, store, 1)


@pytest.fixture
def client(ledger: Ledger, store: MemoryStore) -> TestClient:
    return TestClient(create_app(ledger, store, Settings()))
