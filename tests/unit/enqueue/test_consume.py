import threading
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from service.enqueue import consume as consume_module
from service.enqueue.consume import consume
from service.enqueue.embedded import EmbeddedBroker
from service.enqueue.leasing import Leasing
from service.enqueue.port import Consumer, Delivery, Envelope
from service.enqueue.retry import RetryPolicy
from service.errors import (
    BrokerUnavailable,
    EngineLost,
    LedgerUnavailable,
    NotAnalysable,
    PeerUnavailable,
    Permanent,
)
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.fence import Fence
from service.storage.ledger.steps.receive import record_received
from service.study.messages import SCHEMA_VERSION, InferenceRequest
from tests.contracts.broker import PATIENCE_S, ROUTINE
from tests.factories import received

POLICY = RetryPolicy(delays_s=(0.01,), delivery_limit=3, deadline_s=60.0)
STUDY = "1.2.3.4"


@pytest.fixture
def broker(ledger: Ledger) -> EmbeddedBroker:
    record_received(ledger, received(study_instance_uid=STUDY))
    return EmbeddedBroker(ledger, lease_s=60.0)


@pytest.fixture
def leasing(broker: EmbeddedBroker) -> Leasing:
    return Leasing(broker.ledger)


def message(revision: int = 1, **more: Any) -> Envelope:
    body = InferenceRequest(STUDY, revision, "density").to_json()
    return Envelope(str(uuid4()), ROUTINE, body | more)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consume_module, "BACK_OFF_S", 0.01)
    monkeypatch.setattr(consume_module, "RECEIVE_S", 0.05)


class Handler:
    """Raises the errors one after the other, then none. Stops the loop after `calls` calls."""

    def __init__(self, errors: Sequence[Exception], calls: int) -> None:
        self.errors = list(errors)
        self.calls_left = calls
        self.stop = threading.Event()
        self.handled: list[Envelope] = []

    def __call__(self, envelope: Envelope, _fence: Fence) -> None:
        self.handled.append(envelope)
        self.calls_left -= 1
        if self.calls_left == 0:
            self.stop.set()
        if self.errors:
            raise self.errors.pop(0)


class Dead:
    """Notes what is told, after raising the errors one by one; stops the loop."""

    def __init__(self, stop: threading.Event, *errors: Exception) -> None:
        self.stop = stop
        self.errors = list(errors)
        self.told: list[tuple[Envelope, str]] = []

    def __call__(self, envelope: Envelope, reason: str) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.told.append((envelope, reason))
        self.stop.set()


def no_dead_letter(_envelope: Envelope, reason: str) -> None:
    pytest.fail(f"dead letter: {reason}")


def run(
    broker: EmbeddedBroker,
    handler: Handler,
    on_dead: Callable[[Envelope, str], None] = no_dead_letter,
    policy: RetryPolicy = POLICY,
) -> None:
    consumer = broker.consumer([ROUTINE], 1)
    try:
        consume(consumer, handler, Leasing(broker.ledger), policy, handler.stop, on_dead)
    finally:
        consumer.close()


def left_over(broker: EmbeddedBroker, timeout_s: float = 0.2) -> Delivery | None:
    consumer = broker.consumer([ROUTINE], 1)
    try:
        return consumer.receive(timeout_s)
    finally:
        consumer.close()


@pytest.mark.parametrize("errors", [[], [NotAnalysable("not a breast")]])
def test_message_that_was_handled_or_refused_is_forgotten(
    broker: EmbeddedBroker, errors: list[Exception]
) -> None:
    sent = message()
    broker.publish([sent])
    handler = Handler(errors, calls=1)
    run(broker, handler)
    assert handler.handled == [sent]
    assert left_over(broker) is None
    assert broker.dead_letters(ROUTINE) == []


@pytest.mark.parametrize("error", [PeerUnavailable("away"), KeyError("bug")])
def test_message_is_tried_again_after_an_error_that_may_pass(
    broker: EmbeddedBroker, error: Exception
) -> None:
    sent = message()
    broker.publish([sent])
    handler = Handler([error, error], calls=3)
    run(broker, handler)
    assert handler.handled == [sent, sent, sent]
    assert left_over(broker) is None


def test_permanent_error_makes_a_dead_letter_at_once_and_tells_why(broker: EmbeddedBroker) -> None:
    sent = message()
    broker.publish([sent])
    handler = Handler([Permanent("no such classifier")], calls=2)
    dead = Dead(handler.stop)
    run(broker, handler, dead)
    assert dead.told == [(sent, "no such classifier")]
    (letter,) = broker.dead_letters(ROUTINE)
    assert (letter.envelope, letter.attempts, letter.reason) == (sent, 1, "no such classifier")


def test_error_that_does_not_pass_makes_a_dead_letter_at_the_delivery_limit(broker: EmbeddedBroker) -> None:
    broker.publish([message()])
    handler = Handler(5 * [ValueError("bug")], calls=5)
    dead = Dead(handler.stop)
    run(broker, handler, dead)
    assert len(handler.handled) == POLICY.delivery_limit
    assert [reason for _, reason in dead.told] == ["ValueError: bug"]
    assert broker.dead_letters(ROUTINE)[0].attempts == POLICY.delivery_limit


def test_message_whose_workers_all_died_is_set_aside_before_it_kills_one_more(
    broker: EmbeddedBroker, leasing: Leasing
) -> None:
    # Arrange: as many workers as the limit allows have begun it, and said nothing more
    sent = message()
    broker.publish([sent])
    for _ in range(POLICY.delivery_limit):
        leasing.take(sent)
    handler = Handler([], calls=1)
    dead = Dead(handler.stop)
    # Act
    run(broker, handler, dead)
    # Assert
    assert handler.handled == []
    assert [reason for _, reason in dead.told] == ["its worker died, stalled or failed 3 times"]
    assert len(broker.dead_letters(ROUTINE)) == 1


def test_message_is_not_set_aside_before_the_ledger_has_its_reason(broker: EmbeddedBroker) -> None:
    broker.publish([message()])
    handler = Handler([Permanent("broken")], calls=5)
    dead = Dead(handler.stop, LedgerUnavailable("away"), LedgerUnavailable("still away"))
    run(broker, handler, dead)
    assert [reason for _, reason in dead.told] == ["broken"]
    assert len(broker.dead_letters(ROUTINE)) == 1


def test_bug_in_the_notice_does_not_keep_a_message_from_being_set_aside(broker: EmbeddedBroker) -> None:
    broker.publish([message(1), message(2)])
    handler = Handler([Permanent("one"), Permanent("two")], calls=5)
    run(broker, handler, Dead(handler.stop, TypeError("bug")))
    assert [letter.reason for letter in broker.dead_letters(ROUTINE)] == ["one", "two"]


def test_stop_lets_the_running_handler_finish_and_starts_no_other(broker: EmbeddedBroker) -> None:
    broker.publish([message(), message()])
    handler = Handler([], calls=1)  # sets stop while it runs
    run(broker, handler)
    assert len(handler.handled) == 1
    assert left_over(broker) is not None


class AwayAtFirst:
    """A consumer whose broker is away for the first three calls."""

    def __init__(self, consumer: Consumer) -> None:
        self.consumer = consumer
        self.failures_left = 3

    def receive(self, timeout_s: float) -> Delivery | None:
        if self.failures_left:
            self.failures_left -= 1
            raise BrokerUnavailable("away")
        return self.consumer.receive(timeout_s)

    def close(self) -> None:
        self.consumer.close()


def test_loop_outlives_a_broker_that_is_away(broker: EmbeddedBroker, leasing: Leasing) -> None:
    broker.publish([message()])
    handler = Handler([], calls=1)
    consumer = AwayAtFirst(broker.consumer([ROUTINE], 1))
    consume(consumer, handler, leasing, POLICY, handler.stop, no_dead_letter)
    consumer.close()
    assert len(handler.handled) == 1


def test_idle_loop_ends_when_it_is_stopped(broker: EmbeddedBroker) -> None:
    handler = Handler([], calls=1)
    loop = threading.Thread(target=run, args=(broker, handler))
    loop.start()
    handler.stop.set()
    loop.join(PATIENCE_S)
    assert not loop.is_alive()


def test_delays_grow_and_the_last_one_is_repeated() -> None:
    policy = RetryPolicy(delays_s=(5.0, 30.0, 120.0), delivery_limit=20, deadline_s=60.0)
    assert [policy.delay_s(attempts) for attempts in (1, 2, 3, 4, 19)] == [5.0, 30.0, 120.0, 120.0, 120.0]


def test_text_of_an_error_is_not_logged(broker: EmbeddedBroker) -> None:
    broker.publish([message()])
    handler = Handler([ValueError("Doe^Jane")], calls=1)
    with capture_logs() as logs:
        run(broker, handler)
    (entry,) = [entry for entry in logs if entry["event"] == "handler failed"]
    assert entry["error"] == "ValueError"
    assert any("test_consume.py" in frame for frame in entry["where"])
    assert "Doe" not in str(logs)
    assert "1.2.3.4" not in str(logs)


def test_waiting_for_the_world_does_not_count_against_the_work(broker: EmbeddedBroker) -> None:
    broker.publish([message()])
    attempts = 4 * POLICY.delivery_limit
    handler = Handler((attempts - 1) * [PeerUnavailable("away")], calls=attempts)
    run(broker, handler)
    assert len(handler.handled) == attempts
    assert left_over(broker) is None


def test_work_that_waited_past_its_deadline_is_a_dead_letter_that_says_for_how_long(
    broker: EmbeddedBroker,
) -> None:
    broker.publish([message()])
    handler = Handler(5 * [PeerUnavailable("the PACS is away")], calls=5)
    dead = Dead(handler.stop)
    run(broker, handler, dead, RetryPolicy(delays_s=(0.01,), delivery_limit=3, deadline_s=0.0))
    assert [reason for _, reason in dead.told] == [
        "tried for 0.0 days (0.0 hours); the last time: the PACS is away"
    ]


def test_gpu_that_is_lost_again_and_again_counts_against_the_work(broker: EmbeddedBroker) -> None:
    broker.publish([message()])
    handler = Handler(9 * [EngineLost("gone")], calls=9)
    dead = Dead(handler.stop)
    run(broker, handler, dead)
    assert len(handler.handled) == POLICY.delivery_limit


def test_message_of_a_newer_version_is_left_to_a_newer_worker(broker: EmbeddedBroker) -> None:
    newer, known = message(schema_version=SCHEMA_VERSION + 1), message()
    broker.publish([newer, known])
    handler = Handler([], calls=1)
    run(broker, handler, policy=RetryPolicy(delays_s=(0.3,), delivery_limit=3, deadline_s=60.0))
    assert handler.handled == [known]
    delivery = left_over(broker, PATIENCE_S)
    assert delivery is not None
    assert delivery.envelope == newer
    assert broker.dead_letters(ROUTINE) == []


@pytest.mark.parametrize("body", [{"kind": "greeting"}, {"study_instance_uid": "1.9", "kind": "report"}])
def test_message_that_asks_for_nothing_known_is_set_aside(
    broker: EmbeddedBroker, body: dict[str, Any]
) -> None:
    broker.publish([Envelope("1", ROUTINE, {"revision": 1} | body)])
    handler = Handler([], calls=1)
    dead = Dead(handler.stop)
    run(broker, handler, dead)
    assert handler.handled == []
    assert len(broker.dead_letters(ROUTINE)) == len(dead.told) == 1


def test_fence_falls_when_somebody_else_begins_the_work(broker: EmbeddedBroker, leasing: Leasing) -> None:
    sent = message()
    fences = []

    class Stalled(Handler):
        def __call__(self, envelope: Envelope, fence: Fence) -> None:
            with broker.ledger.begin() as tx:
                fences.append(fence(tx))
            leasing.take(envelope)
            with broker.ledger.begin() as tx:
                fences.append(fence(tx))
            super().__call__(envelope, fence)

    broker.publish([sent])
    run(broker, Stalled([Permanent("too late")], calls=1))  # and it sets nothing aside
    assert fences == [True, False]
    assert broker.dead_letters(ROUTINE) == []


def test_work_that_is_asked_for_anew_starts_with_a_clean_sheet(
    broker: EmbeddedBroker, leasing: Leasing
) -> None:
    sent = message()
    for _ in range(POLICY.delivery_limit):
        lease = leasing.take(sent)
    assert POLICY.why_not_begun(leasing.take(sent))
    with broker.ledger.begin() as tx:
        tx.outbox.add(InferenceRequest(STUDY, 1, "density"))
        assert not tx.leases.holds(lease)
    assert POLICY.why_not_begun(leasing.take(sent)) == ""
