import threading
import time
from collections.abc import Callable, Sequence

import pytest

from service.enqueue import relay as relay_module
from service.enqueue.port import Consumer, DeadLetter, Envelope, NotPublished
from service.enqueue.relay import Relay
from service.errors import BrokerUnavailable
from service.storage.ledger.ledger import Ledger
from service.study.messages import DeliveryRequest, InferenceRequest, ReportRequest
from service.study.model import Priority

STUDY = "1.2.3"


class RecordingBroker:
    """Keeps what is published; is away for the first `failures` calls, after taking one message of each."""

    def __init__(self, failures: int = 0) -> None:
        self.failures_left = failures
        self.declared: list[str] = []
        self.published: list[Envelope] = []

    def declare(self, queues: Sequence[str]) -> None:
        self.declared.extend(queues)

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        if self.failures_left:
            self.failures_left -= 1
            self.published.append(envelopes[0])
            raise BrokerUnavailable("away")
        self.published.extend(envelopes)

    def consumer(self, queues: Sequence[str], prefetch: int) -> Consumer:
        raise AssertionError("a relay does not consume")

    def dead_letters(self, queue: str) -> list[DeadLetter]:
        return []

    def discard(self, queue: str, message_id: str) -> bool:
        return False

    def close(self) -> None:
        pass


def add(ledger: Ledger, *messages: InferenceRequest | ReportRequest | DeliveryRequest) -> None:
    with ledger.begin() as tx:
        for message in messages:
            tx.outbox.add(message)


def waiting(ledger: Ledger) -> int:
    """How many messages anyone may claim now; they are claimed."""
    with ledger.begin() as tx:
        return len(tx.outbox.claim(None, 1000, "test", time.time(), 0.0))


def revisions(broker: RecordingBroker) -> list[int]:
    return [envelope.body["revision"] for envelope in broker.published]


def test_messages_leave_in_order_and_are_forgotten_once_confirmed(ledger: Ledger) -> None:
    add(
        ledger,
        InferenceRequest(STUDY, 1, "density"),
        ReportRequest(STUDY, 2),
        DeliveryRequest(STUDY, 3, "pacs"),
    )
    broker = RecordingBroker()
    assert Relay(ledger, broker).relay_once() == 3
    assert revisions(broker) == [1, 2, 3]
    assert [envelope.queue for envelope in broker.published] == [
        "inference.density",
        "report",
        "delivery.pacs",
    ]
    assert waiting(ledger) == 0


def test_empty_outbox_publishes_nothing(ledger: Ledger) -> None:
    broker = RecordingBroker()
    assert Relay(ledger, broker).relay_once() == 0
    assert broker.published == []


def test_messages_stay_when_the_broker_does_not_confirm(ledger: Ledger) -> None:
    add(ledger, ReportRequest(STUDY, 1), ReportRequest(STUDY, 2))
    with pytest.raises(BrokerUnavailable):
        Relay(ledger, RecordingBroker(failures=1)).relay_once()
    assert waiting(ledger) == 2


def test_messages_that_failed_leave_again_with_the_same_ids_and_in_order(ledger: Ledger) -> None:
    add(ledger, ReportRequest(STUDY, 1), ReportRequest(STUDY, 2))
    broker = RecordingBroker(failures=1)
    relay = Relay(ledger, broker)
    with pytest.raises(BrokerUnavailable):
        relay.relay_once()
    relay.relay_once()
    assert revisions(broker) == [1, 1, 2]
    assert broker.published[0] == broker.published[1]


def test_queues_are_declared_before_their_messages_leave(ledger: Ledger) -> None:
    broker = RecordingBroker()
    add(ledger, ReportRequest(STUDY, 1), DeliveryRequest(STUDY, 1, "pacs"), ReportRequest(STUDY, 2))
    Relay(ledger, broker).relay_once()
    assert broker.declared == ["delivery.pacs", "report"]


def test_urgent_messages_leave_first(ledger: Ledger) -> None:
    add(
        ledger,
        InferenceRequest(STUDY, 1, "density"),
        ReportRequest(STUDY, 2),
        InferenceRequest(STUDY, 3, "density", Priority.URGENT),
        InferenceRequest(STUDY, 4, "us-mass", Priority.URGENT),
    )
    broker = RecordingBroker()
    Relay(ledger, broker).relay_once()
    assert revisions(broker) == [3, 4, 1, 2]


class Picky(RecordingBroker):
    """Takes no message to `queue`."""

    def __init__(self, queue: str) -> None:
        super().__init__()
        self.queue = queue

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        super().publish([one for one in envelopes if one.queue != self.queue])
        if refused := {one.message_id: "full" for one in envelopes if one.queue == self.queue}:
            raise NotPublished(refused)


def test_message_that_is_not_taken_holds_up_no_other_and_leaves_later(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "BACK_OFF_S", 0.05)
    add(ledger, ReportRequest(STUDY, 1), DeliveryRequest(STUDY, 2, "pacs"), ReportRequest(STUDY, 3))
    broker = Picky("delivery.pacs")
    relay = Relay(ledger, broker)
    assert relay.relay_once() == 2
    assert relay.relay_once() == 0
    assert revisions(broker) == [1, 3]
    time.sleep(0.06)
    with pytest.raises(NotPublished, match="full"):
        relay.relay_once()
    broker.queue = ""
    relay.relay_once()
    assert revisions(broker) == [1, 3, 2]
    assert waiting(ledger) == 0


def test_batch_of_a_relay_that_died_is_published_by_another(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(ledger, ReportRequest(STUDY, 1))
    with ledger.begin() as tx:
        tx.outbox.claim(None, 10, "a relay that died", time.time() - 61.0, 60.0)
    broker = RecordingBroker()
    assert Relay(ledger, broker).relay_once() == 1
    assert revisions(broker) == [1]


def test_batch_of_a_relay_that_ends_by_a_mistake_waits_for_nobody(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(ledger, ReportRequest(STUDY, 1))
    broken = RecordingBroker()
    monkeypatch.setattr(broken, "publish", lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        Relay(ledger, broken).relay_once()
    assert Relay(ledger, RecordingBroker()).relay_once() == 1


def test_relay_runs_on_through_failures_until_it_is_stopped(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "BACK_OFF_S", 0.01)
    broker = RecordingBroker(failures=3)
    stop = threading.Event()
    thread = threading.Thread(target=Relay(ledger, broker).run, args=(stop,))
    thread.start()
    add(ledger, ReportRequest(STUDY, 1))
    _wait_for(lambda: len(broker.published) == 4)
    stop.set()
    thread.join()
    assert waiting(ledger) == 0


def _wait_for(condition: Callable[[], bool]) -> None:
    while not condition():  # the test's own time limit ends it
        time.sleep(0.01)
