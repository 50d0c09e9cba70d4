"""What contracts over a ledger share."""

from collections.abc import Iterator

import pytest

from service.storage.ledger.ledger import Ledger


class OnALedger:
    """Subclass with a fixture `ledger_url` that names an empty database."""

    @pytest.fixture
    def ledger(self, ledger_url: str) -> Iterator[Ledger]:
        ledger = Ledger(ledger_url)
        ledger.upgrade()
        yield ledger
        ledger.close()
