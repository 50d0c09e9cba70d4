from collections.abc import Iterator

import pytest

from service.storage.ledger.ledger import Ledger
from tests.servers.ups_rs import serving
from tests.unit.perform.site import Pacs, Site


@pytest.fixture
def site(ledger: Ledger) -> Iterator[Site]:
    with serving() as ups:
        yield Site(ups, ledger, Pacs(ledger))
