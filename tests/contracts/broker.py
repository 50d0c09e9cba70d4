"""What the broker port promises, whatever is behind it."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from service.enqueue.port import SPREAD, Broker, Consumer, Delivery, Envelope

REPOSITORY = Path(__file__).resolve().parents[2]
ROUTINE, URGENT = "inference.density", "inference.density.urgent"
LEASE_S = 1.0
PATIENCE_S = 30.0
QUIET_S = 0.5


def message(queue: str = ROUTINE, **body: Any) -> Envelope:
    return Envelope(str(uuid4()), queue, body or {"kind": "test"})


def take(consumer: Consumer) -> Delivery:
    delivery = consumer.receive(PATIENCE_S)
    assert delivery is not None
    return delivery


@contextmanager
def consuming(broker: Broker, *queues: str, prefetch: int = 10) -> Iterator[Consumer]:
    consumer = broker.consumer(queues or (ROUTINE,), prefetch)
    try:
        yield consumer
    finally:
        consumer.close()


def kill_a_consumer(address: tuple[str, str]) -> None:
    """Let another process take a message of ROUTINE, as one of up to ten, and kill it."""
    command = [sys.executable, "-m", "tests.contracts.doomed_consumer", *address, ROUTINE, str(LEASE_S)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as doomed:
        assert doomed.stdout is not None
        assert doomed.stdout.readline() == "received\n"
        doomed.kill()


class BrokerContract:
    """Subclass with the fixtures `broker`, and `address`: the KIND and URL that doomed_consumer takes.

    The broker is empty, and has `lease_s` where it leases.
    """

    @pytest.fixture
    def lease_s(self) -> float:
        """Short, so that a dead consumer's message comes back soon."""
        return LEASE_S

    @pytest.fixture(autouse=True)
    def _declared(self, broker: Broker) -> None:
        broker.declare([ROUTINE, URGENT])

    def test_declaring_again_is_harmless(self, broker: Broker) -> None:
        sent = message()
        broker.publish([sent])
        broker.declare([ROUTINE, URGENT])
        with consuming(broker) as consumer:
            assert take(consumer).envelope == sent

    def test_receive_answers_none_when_nothing_comes(self, broker: Broker) -> None:
        with consuming(broker) as consumer:
            assert consumer.receive(QUIET_S) is None

    def test_bodies_arrive_as_they_were_sent(self, broker: Broker) -> None:
        body: dict[str, Any] = {
            "reason": "Größe überschritten · 検査 🙂",
            "n": 3,
            "x": 0.25,
            "none": None,
            "list": [{"a": []}],
        }
        sent = message(**body)
        broker.publish([sent])
        with consuming(broker) as consumer:
            delivery = take(consumer)
        assert delivery.envelope == sent
        assert delivery.attempts == 1

    def test_messages_of_one_queue_arrive_in_the_order_in_which_they_were_sent(self, broker: Broker) -> None:
        sent = [message(n=number) for number in range(5)]
        broker.publish(sent)
        with consuming(broker) as consumer:
            assert [take(consumer).envelope for _ in sent] == sent

    def test_acked_message_never_comes_back(self, broker: Broker) -> None:
        broker.publish([message()])
        with consuming(broker) as consumer:
            take(consumer).ack()
        with consuming(broker) as consumer:
            assert consumer.receive(LEASE_S + QUIET_S) is None

    def test_unended_message_comes_back_when_its_consumer_is_closed(self, broker: Broker) -> None:
        sent = message()
        broker.publish([sent])
        with consuming(broker) as consumer:
            take(consumer)
        with consuming(broker) as consumer:
            again = take(consumer)
        assert (again.envelope, again.attempts) == (sent, 2)

    def test_unended_message_comes_back_when_its_consumer_is_killed(
        self, broker: Broker, address: tuple[str, str]
    ) -> None:
        sent = message()
        broker.publish([sent])
        kill_a_consumer(address)
        with consuming(broker) as consumer:
            again = take(consumer)
        assert (again.envelope, again.attempts) == (sent, 2)

    def test_only_what_was_handed_out_counts_as_an_attempt_of_a_killed_consumer(
        self, broker: Broker, address: tuple[str, str]
    ) -> None:
        deadly, harmless = message(n=1), message(n=2)
        broker.publish([deadly, harmless, message(URGENT)])
        kill_a_consumer(address)
        with consuming(broker, ROUTINE, URGENT) as consumer:
            attempts = {(d := take(consumer)).envelope.message_id: d.attempts for _ in range(3)}
        assert attempts.pop(deadly.message_id) == 2
        assert set(attempts.values()) == {1}

    def test_message_stays_with_a_living_consumer_beyond_any_lease(self, broker: Broker) -> None:
        broker.publish([message()])
        with consuming(broker) as busy, consuming(broker) as idle:
            delivery = take(busy)
            assert idle.receive(2 * LEASE_S) is None
            delivery.ack()

    def test_retried_message_comes_back_with_one_more_attempt_and_about_its_delay_later(
        self, broker: Broker
    ) -> None:
        sent = message(text="é")
        broker.publish([sent])
        with consuming(broker) as consumer:
            for attempt, delay_s in ((1, 0.2), (2, 0.7)):
                delivery = take(consumer)
                started = time.monotonic()
                delivery.retry(delay_s, "the PACS is away")
                assert delivery.attempts == attempt
                assert consumer.receive(delay_s / 2) is None
            last = take(consumer)
        assert time.monotonic() - started >= 0.7 * (1 - SPREAD)
        assert (last.envelope, last.attempts) == (sent, 3)

    def test_message_that_waits_for_its_retry_holds_up_no_other(self, broker: Broker) -> None:
        first, second = message(n=1), message(n=2)
        broker.publish([first])
        with consuming(broker) as consumer:
            take(consumer).retry(600.0, "later")
            broker.publish([second])
            assert take(consumer).envelope == second

    def test_dead_letters_keep_their_reason_and_order_however_often_they_are_listed(
        self, broker: Broker
    ) -> None:
        sent = [message(n=number) for number in range(3)]
        broker.publish(sent)
        with consuming(broker) as consumer:
            for number in range(3):
                take(consumer).dead_letter(f"weights {number} fehlen: größer")
            assert consumer.receive(QUIET_S) is None
        for _ in range(2):
            dead = broker.dead_letters(ROUTINE)
            assert [letter.envelope for letter in dead] == sent
            assert [letter.reason for letter in dead] == [f"weights {n} fehlen: größer" for n in range(3)]
            assert [letter.attempts for letter in dead] == [1, 1, 1]

    def test_one_dead_letter_is_taken_out_and_the_others_keep_order_and_reason(self, broker: Broker) -> None:
        sent = [message(n=number) for number in range(4)]
        broker.publish(sent)
        with consuming(broker) as consumer:
            for number in range(4):
                take(consumer).dead_letter(f"reason {number}")
        for number, left in ((1, [0, 2, 3]), (3, [0, 2]), (0, [2])):
            assert broker.discard(ROUTINE, sent[number].message_id)
            dead = broker.dead_letters(ROUTINE)
            assert [letter.envelope for letter in dead] == [sent[one] for one in left]
            assert [letter.reason for letter in dead] == [f"reason {one}" for one in left]

    def test_what_is_no_dead_letter_of_the_queue_is_not_taken_out(self, broker: Broker) -> None:
        waiting, dead = message(), message(URGENT)
        broker.publish([waiting, dead])
        with consuming(broker, URGENT) as consumer:
            take(consumer).dead_letter("no such classifier")
        assert not broker.discard(ROUTINE, waiting.message_id)
        assert not broker.discard(ROUTINE, dead.message_id)
        assert broker.discard(URGENT, dead.message_id)
        assert not broker.discard(URGENT, dead.message_id)
        with consuming(broker) as consumer:
            assert take(consumer).envelope == waiting

    def test_dead_letters_belong_to_one_queue(self, broker: Broker) -> None:
        broker.publish([message(URGENT)])
        with consuming(broker, URGENT) as consumer:
            take(consumer).dead_letter("no such classifier")
        assert broker.dead_letters(ROUTINE) == []

    def test_earlier_named_queues_come_first(self, broker: Broker) -> None:
        broker.publish([message(ROUTINE)])
        with consuming(broker, URGENT, ROUTINE, prefetch=1) as consumer:
            busy = take(consumer)
            broker.publish([message(ROUTINE), message(URGENT)])
            busy.ack()
            assert take(consumer).envelope.queue == URGENT

    def test_later_named_queues_get_every_fifth_delivery(self, broker: Broker) -> None:
        broker.publish([message(queue) for queue in (ROUTINE, URGENT) for _ in range(10)])
        with consuming(broker, URGENT, ROUTINE, prefetch=20) as consumer:
            order = [take(consumer).envelope.queue for _ in range(10)]
        assert order == [*4 * [URGENT], ROUTINE, *4 * [URGENT], ROUTINE]

    def test_consumer_gets_only_its_own_queues(self, broker: Broker) -> None:
        broker.publish([message(URGENT)])
        with consuming(broker, ROUTINE) as consumer:
            assert consumer.receive(QUIET_S) is None

    def test_no_more_than_prefetch_deliveries_are_out_at_one_time(self, broker: Broker) -> None:
        broker.publish([message(ROUTINE), message(URGENT), message(ROUTINE)])
        with consuming(broker, ROUTINE, URGENT, prefetch=2) as consumer:
            first, _ = take(consumer), take(consumer)
            assert consumer.receive(QUIET_S) is None
            first.ack()
            assert take(consumer).attempts == 1

    def test_what_exceeds_prefetch_is_left_for_other_consumers(self, broker: Broker) -> None:
        broker.publish([message(), message()])
        with consuming(broker, prefetch=1) as one, consuming(broker, prefetch=1) as other:
            messages = {take(one).envelope.message_id, take(other).envelope.message_id}
        assert len(messages) == 2

    def test_publishing_twice_delivers_at_most_twice(self, broker: Broker) -> None:
        sent = message()
        broker.publish([sent])
        broker.publish([sent])
        with consuming(broker) as consumer:
            assert take(consumer).envelope == sent
            again = consumer.receive(QUIET_S)
            assert again is None or again.envelope == sent
            assert consumer.receive(QUIET_S) is None

    def test_ending_a_delivery_a_second_time_changes_nothing(self, broker: Broker) -> None:
        broker.publish([message()])
        with consuming(broker) as consumer:
            delivery = take(consumer)
            delivery.ack()
            delivery.retry(0.0, "too late")
            delivery.dead_letter("too late")
            assert consumer.receive(QUIET_S) is None
        assert broker.dead_letters(ROUTINE) == []

    def test_ending_a_delivery_of_a_closed_consumer_changes_nothing(self, broker: Broker) -> None:
        broker.publish([message()])
        with consuming(broker) as consumer:
            delivery = take(consumer)
        delivery.ack()
        delivery.dead_letter("too late")
        with consuming(broker) as consumer:
            assert take(consumer).attempts == 2
        assert broker.dead_letters(ROUTINE) == []

    @pytest.mark.parametrize("lease_s", [600.0])  # on a busy machine a short one may run out
    def test_many_threads_publish_and_consume_every_message_once(
        self, broker: Broker, lease_s: float
    ) -> None:
        sent = [[message(n=number) for number in range(20)] for _ in range(4)]
        expected = Counter(envelope.message_id for batch in sent for envelope in batch)
        received: Counter[str] = Counter()
        guard = threading.Lock()

        def work(consumer: Consumer) -> None:
            quiet = 0
            while quiet < (1 if len(received) == len(expected) else PATIENCE_S / QUIET_S):
                delivery = consumer.receive(QUIET_S)
                quiet = 0 if delivery else quiet + 1
                if delivery is not None:
                    with guard:
                        received[delivery.envelope.message_id] += 1
                    delivery.ack()

        with consuming(broker, prefetch=4) as one, consuming(broker, prefetch=4) as other:
            threads = [threading.Thread(target=broker.publish, args=(batch,)) for batch in sent]
            threads += [threading.Thread(target=work, args=(consumer,)) for consumer in (one, one, other)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert received == expected
