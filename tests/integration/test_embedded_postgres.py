from collections.abc import Iterator

import pytest

from service.enqueue.embedded import EmbeddedBroker
from service.storage.ledger.ledger import Ledger
from tests.contracts.broker import BrokerContract


@pytest.mark.integration
class TestEmbeddedOnPostgres(BrokerContract):
    @pytest.fixture
    def broker(self, postgres_url: str, lease_s: float) -> Iterator[EmbeddedBroker]:
        ledger = Ledger(postgres_url)
        ledger.upgrade()
        yield EmbeddedBroker(ledger, lease_s)
        ledger.close()

    @pytest.fixture
    def address(self, postgres_url: str) -> tuple[str, str]:
        return "embedded", postgres_url
