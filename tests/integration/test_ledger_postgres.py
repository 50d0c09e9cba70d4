import pytest

from tests.contracts.ledger import LedgerContract


@pytest.mark.integration
class TestLedgerOnPostgres(LedgerContract):
    @pytest.fixture
    def ledger_url(self, postgres_url: str) -> str:
        return postgres_url
