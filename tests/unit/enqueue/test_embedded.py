import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.enqueue import embedded
from service.enqueue.embedded import EmbeddedBroker
from service.errors import BrokerUnavailable
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.outbox import Outbox
from service.study.messages import InferenceRequest
from tests.contracts.broker import LEASE_S, ROUTINE, BrokerContract, consuming, message, take
from tests.factories import STUDY


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    ledger = Ledger(ledger_url)
    ledger.upgrade()
    yield ledger
    ledger.close()


@pytest.fixture
def lease_s() -> float:
    return LEASE_S


@pytest.fixture
def broker(ledger: Ledger, lease_s: float) -> EmbeddedBroker:
    return EmbeddedBroker(ledger, lease_s)


class TestEmbeddedOnSQLite(BrokerContract):
    @pytest.fixture
    def address(self, ledger_url: str) -> tuple[str, str]:
        return "embedded", ledger_url


def test_message_that_was_committed_with_a_state_is_delivered(ledger: Ledger, broker: EmbeddedBroker) -> None:
    request = InferenceRequest(STUDY, 1, "density")
    with ledger.begin() as tx:
        tx.outbox.add(request)
    with consuming(broker, request.queue) as consumer:
        assert InferenceRequest.from_json(take(consumer).envelope.body) == request


def test_publishing_wakes_a_consumer_that_waits(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "POLL_S", 3600.0)
    with consuming(broker) as consumer:
        threading.Timer(1.0, broker.publish, [[message()]]).start()
        assert consumer.receive(3600.0) is not None


def test_worker_that_stalled_beyond_its_lease_cannot_end_what_another_has_taken(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Arrange
    monkeypatch.setattr(Outbox, "renew", lambda *_: None)
    broker.publish([message()])
    with consuming(broker) as stalled, consuming(broker) as consumer:
        late = take(stalled)
        again = take(consumer)
        # Act
        late.ack()
        again.dead_letter("poison")
    # Assert
    assert [letter.attempts for letter in broker.dead_letters(ROUTINE)] == [2]


def test_database_that_does_not_answer_is_an_unavailable_broker(ledger: Ledger, tmp_path: Path) -> None:
    empty = Ledger(f"sqlite:///{tmp_path / 'empty.sqlite3'}")  # no tables: every statement fails
    broker = EmbeddedBroker(empty, LEASE_S)
    with pytest.raises(BrokerUnavailable, match="lives in the ledger"):
        broker.publish([message()])
    with pytest.raises(BrokerUnavailable):
        broker.dead_letters(ROUTINE)
    empty.close()


def test_embedded_broker_does_not_need_pika() -> None:
    program = "import sys; sys.modules['pika'] = None; import service.enqueue.embedded"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[3])


def test_clock_that_was_set_back_delays_nothing_that_was_put_off_before(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Arrange
    true_time = time.time
    broker = EmbeddedBroker(ledger, LEASE_S, longest_delay_s=600.0)
    broker.publish([message()])
    with consuming(broker) as consumer:
        monkeypatch.setattr(time, "time", lambda: true_time() + 3600.0)
        take(consumer).retry(10.0, "the PACS is away")
        # Act
        monkeypatch.setattr(time, "time", true_time)
        # Assert
        assert take(consumer).attempts == 2


def test_lease_that_was_taken_before_the_clock_was_set_back_runs_out(
    ledger: Ledger,
) -> None:
    # Arrange
    broker = EmbeddedBroker(ledger, LEASE_S, longest_delay_s=600.0)
    broker.publish([message()])
    with ledger.begin() as tx:
        tx.outbox.claim(None, 1, "killed", time.time() + 3600.0, LEASE_S)
    # Act, assert
    with consuming(broker) as consumer:
        assert take(consumer).attempts == 2


def test_message_that_is_put_off_for_the_longest_delay_waits(ledger: Ledger) -> None:
    broker = EmbeddedBroker(ledger, LEASE_S, longest_delay_s=600.0)
    broker.publish([message()])
    with consuming(broker) as consumer:
        take(consumer).retry(600.0, "the PACS is away")
        assert consumer.receive(1.0) is None
