import pytest

from tests.contracts.access import AccessContract
from tests.contracts.figures import FiguresContract
from tests.contracts.ledger import LedgerContract
from tests.contracts.modality_tables import ModalityTablesContract
from tests.contracts.result_search import ResultSearchContract
from tests.contracts.search import SearchContract
from tests.contracts.workitems import WorkitemsContract


@pytest.mark.integration
class TestLedgerOnPostgres(LedgerContract):
    @pytest.fixture
    def ledger_url(self, postgres_url: str) -> str:
        return postgres_url


@pytest.mark.integration
class TestSearchOnPostgres(SearchContract):
    @pytest.fixture
    def ledger_url(self, postgres_url: str) -> str:
        return postgres_url


@pytest.mark.integration
class TestAccessOnPostgres(AccessContract):
    @pytest.fixture
    def ledger_url(self, postgres_url: str) -> str:
        return postgres_url


@pytest.mark.integration
class TestModalityTablesOnPostgres(ModalityTablesContract):
    @pytest.fixture
    def ledger_url(self, postgres_url: str) -> str:
        return postgres_url


@pytest.mark.integration
class TestFiguresOnPostgres(FiguresContract):
    @pytest.fixture
    def ledger_url(self, postgres_url: str) -> str:
        return postgres_url


@pytest.mark.integration
class TestWorkitemsOnPostgres(WorkitemsContract):
    @pytest.fixture
    def ledger_url(self, postgres_url: str) -> str:
        return postgres_url


@pytest.mark.integration
class TestResultSearchOnPostgres(ResultSearchContract):
    @pytest.fixture
    def ledger_url(self, postgres_url: str) -> str:
        return postgres_url
