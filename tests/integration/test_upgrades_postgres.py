import pytest

from tests.contracts.upgrades import UpgradeContract


@pytest.mark.integration
class TestUpgradesOnPostgres(UpgradeContract):
    @pytest.fixture
    def ledger_url(self, postgres_url: str) -> str:
        return postgres_url
