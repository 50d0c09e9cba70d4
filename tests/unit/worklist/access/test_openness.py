from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.config import Settings, WorklistSettings
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.worklist.app import create_app

HERE = ("127.0.0.1", 5000)


def status(ledger: Ledger, store: MemoryStore, host: str, client: tuple[str, int], **asked: Any) -> int:
    headers = asked.pop("headers", {})
    settings = Settings(worklist=WorklistSettings(**asked))
    app = create_app(ledger, store, settings)
    found = TestClient(app, f"http://{host}", client=client, follow_redirects=False)
    return int(found.get("/", headers=headers).status_code)


@pytest.mark.parametrize("host", ["127.0.0.1:8100", "localhost:8100", "[::1]:8100", "preread.localhost"])
def test_nobody_signs_in_at_the_machine_itself(ledger: Ledger, store: MemoryStore, host: str) -> None:
    assert status(ledger, store, host, HERE) == 200


def test_a_page_whose_name_was_made_to_lead_here_gets_nothing(ledger: Ledger, store: MemoryStore) -> None:
    assert status(ledger, store, "evil.example:8100", HERE) == 303


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_what_a_proxy_brings_is_not_from_here(ledger: Ledger, store: MemoryStore, header: str) -> None:
    assert status(ledger, store, "localhost", HERE, headers={header: "10.0.0.7"}) == 303


def test_beyond_loopback_everybody_signs_in(ledger: Ledger, store: MemoryStore) -> None:
    assert status(ledger, store, "localhost", HERE, bind="0.0.0.0") == 303
    assert status(ledger, store, "localhost", ("10.0.0.7", 1)) == 303


def test_the_settings_say_otherwise(ledger: Ledger, store: MemoryStore) -> None:
    assert status(ledger, store, "localhost", HERE, sign_in="always") == 303
    assert status(ledger, store, "preread.hospital", ("10.0.0.7", 1), sign_in="never") == 200
