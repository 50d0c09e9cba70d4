"""Messages in the traces of their studies."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.enqueue.consume import consume
from service.enqueue.embedded import EmbeddedBroker
from service.enqueue.leasing import Leasing
from service.enqueue.port import Delivery, Envelope, NotPublished
from service.enqueue.retry import RetryPolicy
from service.enqueue.traced import publishing, working
from service.errors import PeerUnavailable
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.fence import Fence
from service.storage.ledger.steps.receive import record_received
from service.study.messages import InferenceRequest
from service.telemetry.traces.identity import root_of
from service.telemetry.traces.tracing import TRACES
from tests.factories import received
from tests.unit.telemetry.traced import Spans, attributes, kept_spans, parent_id

UID = "1.2.840.7"
REQUEST = InferenceRequest(UID, 1, "us-mass")


@pytest.fixture
def spans() -> Iterator[Spans]:
    with kept_spans() as spans:
        yield spans


def envelope(message_id: str = "1") -> Envelope:
    return Envelope(message_id, REQUEST.queue, REQUEST.to_json())


def test_work_stands_below_what_has_published_it(spans: Spans) -> None:
    with publishing([envelope()]) as sent:
        assert TRACES.is_on
    with working(_delivery(sent[0])):
        TRACES.current.set(outcome="done")
    publish, work = spans.all()
    assert publish.context is not None
    assert publish.context.trace_id == root_of(UID, 1).trace_id
    assert parent_id(work) == publish.context.span_id
    assert attributes(work) == {
        "preread.study": attributes(publish)["preread.study"],
        "preread.revision": 1,
        "preread.queue": "inference.us-mass",
        "preread.attempt": 1,
        "preread.urgent": False,
        "preread.classifier": "us-mass",
        "preread.outcome": "done",
    }


def test_only_what_was_taken_is_told(spans: Spans) -> None:
    with pytest.raises(NotPublished), publishing([envelope("1"), envelope("2")]):
        raise NotPublished({"2": "no room"})
    assert spans.names == ["publish"]
    with pytest.raises(OSError, match="gone"), publishing([envelope("3")]):
        raise OSError("gone")
    assert spans.names == ["publish"]


def test_message_that_names_no_study_is_worked_on_untold(spans: Spans) -> None:
    for body in ({}, {"kind": "inference"}, {"kind": "inference", "study_instance_uid": 7, "revision": "x"}):
        with working(_delivery(Envelope("1", "inference.us-mass", body))):
            assert TRACES.current.traceparent == ""
    assert spans.names == []


def test_every_attempt_is_told_with_how_it_ended(tmp_path: Path, spans: Spans) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    ledger.upgrade()
    record_received(ledger, received(study_instance_uid=UID))
    with ledger.begin() as tx:
        tx.outbox.add(REQUEST)
    broker, stop = EmbeddedBroker(ledger, lease_s=60.0), threading.Event()
    errors: list[Exception | None] = [PeerUnavailable("SMITH^ANNA"), None]

    def handle(_envelope: Envelope, _fence: Fence) -> None:
        error = errors.pop(0)
        if error:
            raise error
        stop.set()

    with closing(broker.consumer([REQUEST.queue], 1)) as consumer:
        policy = RetryPolicy((0.01,), 5, 3600.0)
        consume(consumer, handle, Leasing(ledger), policy, stop, lambda envelope, reason: None)
    ledger.close()
    first, second = spans.all()
    assert [attributes(one)["preread.outcome"] for one in (first, second)] == ["retried", "done"]
    assert [attributes(one)["preread.attempt"] for one in (first, second)] == [1, 2]
    assert attributes(first)["error.type"] == "PeerUnavailable"
    assert parent_id(first) == parent_id(second) == root_of(UID, 1).span_id
    assert "SMITH" not in first.to_json()


class _Delivered:
    """A delivery that nobody ends."""

    attempts = 1

    def __init__(self, envelope: Envelope) -> None:
        self.envelope = envelope

    def ack(self) -> None:
        raise NotImplementedError

    def retry(self, delay_s: float, reason: str) -> None:
        raise NotImplementedError

    def dead_letter(self, reason: str) -> None:
        raise NotImplementedError


def _delivery(envelope: Envelope) -> Delivery:
    return _Delivered(envelope)
