import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pika
import pytest
from sqlalchemy import func, select

from service.config import ClientTLS
from service.enqueue.dead_letters import DeadLetters
from service.enqueue.leasing import Leasing
from service.enqueue.port import Broker, Consumer, Delivery, Envelope, NotPublished
from service.enqueue.rabbitmq import Address, RabbitMQBroker, publisher, topology
from service.enqueue.rabbitmq.topology import EXCHANGE
from service.enqueue.relay import Relay
from service.errors import BrokerUnavailable, ConfigurationError
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.schema.tables import outbox
from service.storage.ledger.steps.receive import record_received
from service.study.messages import InferenceRequest
from service.study.state import StudyEvent
from tests.contracts.broker import (
    PATIENCE_S,
    QUIET_S,
    ROUTINE,
    URGENT,
    BrokerContract,
    consuming,
    message,
    take,
)
from tests.factories import received
from tests.servers.certificates import Hospital
from tests.servers.process import temporary_folder
from tests.servers.rabbitmq import RabbitMQ

pytestmark = pytest.mark.integration


@pytest.fixture
def broker(rabbitmq_url: str) -> Iterator[RabbitMQBroker]:
    broker = RabbitMQBroker(Address(rabbitmq_url))
    yield broker
    broker.close()


@contextmanager
def channel_of(url: str) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
    """A plain channel, for what no well-behaved client does."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        yield connection.channel()
    finally:
        connection.close()


def patiently_take(consumer: Consumer) -> Delivery:
    """The next delivery, however often the broker is away before it."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(BrokerUnavailable):
            if (delivery := consumer.receive(1.0)) is not None:
                return delivery
    raise AssertionError("nothing was delivered")


def patiently_publish(broker: Broker, sent: Envelope) -> None:
    """Publish, however often the broker is away before it."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(BrokerUnavailable):
            return broker.publish([sent])
        time.sleep(0.1)
    raise AssertionError("the broker stayed away")


def count_rows(ledger: Ledger) -> int:
    with ledger.read() as tx:
        return tx.connection.scalar(select(func.count()).select_from(outbox)) or 0


class TestRabbitMQ(BrokerContract):
    @pytest.fixture
    def address(self, rabbitmq_url: str) -> tuple[str, str]:
        return "rabbitmq", rabbitmq_url


@pytest.mark.parametrize(
    ("body", "message_id", "reason"),
    [
        (b"\xff\xfe", "1", "the body is not JSON"),
        (b"{", "2", "the body is not JSON"),
        (b"[" * 100_000, "3", "the body is not JSON"),
        (b"[1]", "4", "the body is a JSON list, not an object"),
        (b"{}", None, "the message has no message_id"),
    ],
)
def test_undecodable_message_is_set_aside_with_its_reason_and_never_delivered(
    broker: RabbitMQBroker, rabbitmq_url: str, body: bytes, message_id: str | None, reason: str
) -> None:
    # Arrange
    broker.declare([ROUTINE])
    with channel_of(rabbitmq_url) as channel:
        channel.basic_publish(EXCHANGE, ROUTINE, body, pika.BasicProperties(message_id=message_id))
    good = message()
    broker.publish([good])
    # Act
    with consuming(broker) as consumer:
        delivery = take(consumer)
        delivery.ack()
    # Assert
    assert delivery.envelope == good
    (dead,) = broker.dead_letters(ROUTINE)
    assert dead.reason.startswith(reason)
    assert broker.discard(ROUTINE, dead.envelope.message_id)
    assert broker.dead_letters(ROUTINE) == []


def test_publishing_to_a_queue_that_is_not_declared_is_refused(broker: RabbitMQBroker) -> None:
    broker.declare([URGENT])
    with pytest.raises(BrokerUnavailable, match=r"no queue inference\.density: declare it"):
        broker.publish([message()])


def test_queue_that_exists_with_other_arguments_is_a_configuration_error(
    broker: RabbitMQBroker, rabbitmq_url: str
) -> None:
    with channel_of(rabbitmq_url) as channel:
        channel.queue_declare(ROUTINE, durable=True)
    with pytest.raises(ConfigurationError, match="use another virtual host"):
        broker.declare([ROUTINE])


def test_error_about_a_refused_login_does_not_show_the_password(rabbitmq_url: str) -> None:
    broker = RabbitMQBroker(Address(rabbitmq_url.replace("guest:guest", "guest:s3cret")))
    with pytest.raises(BrokerUnavailable) as caught:
        broker.declare([ROUTINE])
    assert "s3cret" not in str(caught.value)


def test_message_whose_worker_dies_past_every_limit_is_set_aside_by_rabbitmq_itself(
    broker: RabbitMQBroker, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Arrange
    monkeypatch.setattr(topology, "CRASH_LIMIT", 2)
    broker.declare([ROUTINE])
    sent = message()
    broker.publish([sent])
    # Act
    for _ in range(3):
        with consuming(broker) as consumer:
            take(consumer)
    # Assert
    with consuming(broker) as consumer:
        assert consumer.receive(QUIET_S) is None
    (dead,) = broker.dead_letters(ROUTINE)
    assert (dead.envelope, dead.reason) == (sent, "the worker died on every delivery")


def test_place_in_a_trace_stays_with_a_message_that_is_retried_and_set_aside(broker: RabbitMQBroker) -> None:
    broker.declare([ROUTINE])
    sent = replace(message(), traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    broker.publish([sent])
    with consuming(broker) as consumer:
        take(consumer).retry(0.1, "later")
        delivery = patiently_take(consumer)
        assert delivery.envelope == sent
        delivery.dead_letter("enough")
    (dead,) = broker.dead_letters(ROUTINE)
    assert dead.envelope == sent


def test_confirmed_messages_outlive_the_death_of_the_broker(rabbitmq_url: str, rabbitmq: RabbitMQ) -> None:
    # Arrange
    broker = RabbitMQBroker(Address(rabbitmq_url), retry_delays_s=[5.0])
    broker.declare([ROUTINE])
    time.sleep(2.0)  # RabbitMQ 3.10 enters a new quorum queue into its directory on disk with a delay
    waiting, retried = message(n=1), message(n=2)
    broker.publish([retried])
    with consuming(broker) as consumer:
        take(consumer).retry(5.0, "later")
    broker.publish([waiting])
    # Act
    rabbitmq.restart()
    # Assert
    with consuming(broker) as consumer:
        received = [patiently_take(consumer).envelope for _ in range(2)]
    broker.close()
    assert received == [waiting, retried]


def test_consumer_reconnects_and_never_acks_a_tag_of_its_lost_connection(
    broker: RabbitMQBroker, rabbitmq: RabbitMQ
) -> None:
    broker.declare([ROUTINE])
    sent = message()
    broker.publish([sent])
    with consuming(broker) as consumer:
        lost = take(consumer)
        rabbitmq.stop_app()
        with pytest.raises(BrokerUnavailable):
            consumer.receive(5.0)
        rabbitmq.start_app()
        assert patiently_take(consumer).envelope == sent
        lost.ack()
    with consuming(broker) as consumer:
        assert take(consumer).attempts == 3


def test_consumer_whose_queue_is_deleted_makes_it_again(broker: RabbitMQBroker, rabbitmq_url: str) -> None:
    broker.declare([ROUTINE])
    with consuming(broker) as consumer:
        assert consumer.receive(QUIET_S) is None
        with channel_of(rabbitmq_url) as channel:
            channel.queue_delete(ROUTINE)
        with suppress(BrokerUnavailable):
            consumer.receive(2.0)
        sent = message()
        patiently_publish(broker, sent)
        assert patiently_take(consumer).envelope == sent


def test_publisher_reconnects_after_the_broker_was_away(broker: RabbitMQBroker, rabbitmq: RabbitMQ) -> None:
    broker.declare([ROUTINE])
    rabbitmq.stop_app()
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        broker.publish([message()])
    rabbitmq.start_app()
    sent = message()
    patiently_publish(broker, sent)
    with consuming(broker) as consumer:
        assert take(consumer).envelope == sent


def test_relay_loses_nothing_when_rabbitmq_stops_in_the_middle(
    broker: RabbitMQBroker, rabbitmq: RabbitMQ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Arrange: small batches, so that the broker stops between two of them or inside one
    monkeypatch.setattr("service.enqueue.relay.BATCH", 5)
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    ledger.upgrade()
    stop = threading.Event()
    relay = threading.Thread(target=Relay(ledger, broker).run, args=(stop,))
    relay.start()
    # Act
    for number in range(400):
        with ledger.begin() as tx:
            tx.outbox.add(InferenceRequest(f"1.2.{number}", 1, "density"))
        if number == 200:
            rabbitmq.stop_app()
    rabbitmq.start_app()
    while count_rows(ledger):
        time.sleep(0.1)
    stop.set()
    relay.join()
    received = set()
    with consuming(broker, prefetch=100) as consumer:
        while (delivery := consumer.receive(2.0)) is not None:
            received.add(delivery.envelope.body["study_instance_uid"])
            delivery.ack()
    ledger.close()
    # Assert
    assert received == {f"1.2.{number}" for number in range(400)}


def test_many_messages_are_confirmed_together_and_those_of_a_study_keep_their_order(
    broker: RabbitMQBroker,
) -> None:
    broker.declare([ROUTINE])
    sent = [message(study_instance_uid=f"1.{n % 20}", n=n) for n in range(100)]
    broker.publish(sent)
    with consuming(broker, prefetch=100) as consumer:
        came = [take(consumer).envelope for _ in sent]
    assert {one.message_id for one in came} == {one.message_id for one in sent}
    for study in range(20):
        numbers = [one.body["n"] for one in came if one.body["study_instance_uid"] == f"1.{study}"]
        assert numbers == sorted(numbers)


def test_of_several_messages_the_one_without_a_queue_comes_back_and_the_next_of_its_study_stays(
    broker: RabbitMQBroker,
) -> None:
    broker.declare([ROUTINE])
    good = message(study_instance_uid="1.1")
    lost, after = (message("inference.unknown", study_instance_uid="1.1") for _ in range(2))
    with pytest.raises(NotPublished) as caught:
        broker.publish([lost, good, after])
    assert "no queue inference.unknown" in caught.value.reasons[lost.message_id]
    assert set(caught.value.reasons) == {lost.message_id, after.message_id}
    with consuming(broker) as consumer:
        assert take(consumer).envelope == good


def test_memory_alarm_is_named_and_publishing_goes_on_when_it_is_over(
    broker: RabbitMQBroker, rabbitmq: RabbitMQ, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "CONFIRM_LIMIT_S", 3.0)
    broker.declare([ROUTINE])
    first, second = message(n=1), message(n=2)
    broker.publish([first])
    rabbitmq.raise_memory_alarm()
    try:
        for _ in range(2):  # the first may be on its way when the alarm is told
            with pytest.raises(BrokerUnavailable, match="takes no messages"):
                broker.publish([second])
    finally:
        rabbitmq.clear_memory_alarm()
    patiently_publish(broker, second)
    with consuming(broker) as consumer:
        assert take(consumer).envelope == first
        assert take(consumer).envelope == second


def test_publisher_whose_connection_was_cut_opens_another(broker: RabbitMQBroker, rabbitmq: RabbitMQ) -> None:
    broker.declare([ROUTINE])
    broker.publish([message()])
    deadline = time.monotonic() + PATIENCE_S
    while not any(
        "publisher" in one.get("client_properties", {}).get("connection_name", "")
        for one in rabbitmq.management("GET", "/api/connections")
    ):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    rabbitmq.close_connections("preread publisher")
    sent = message()
    patiently_publish(broker, sent)


def test_speaks_tls_with_a_certificate_of_its_own(hospital: Hospital) -> None:
    with temporary_folder("rabbitmq-tls") as folder:
        node = RabbitMQ(folder, hospital)
        try:
            node.start()
            trusted = ClientTLS(
                ca=hospital.authority.certificate,
                certificate=hospital.scanner.certificate,
                key=hospital.scanner.key,
            )
            with closing(RabbitMQBroker(Address(node.tls_url, tls=trusted))) as broker:
                broker.declare([ROUTINE])
                sent = message()
                broker.publish([sent])
                with consuming(broker) as consumer:
                    assert take(consumer).envelope == sent
            stranger = ClientTLS(ca=hospital.other_authority.certificate)
            with (
                closing(RabbitMQBroker(Address(node.tls_url, tls=stranger))) as broker,
                pytest.raises(BrokerUnavailable, match="certificate is not believed"),
            ):
                broker.declare([ROUTINE])
        finally:
            node.shut_down()


def test_dead_letters_are_retried_and_discarded_while_others_look_at_them(
    broker: RabbitMQBroker, tmp_path: Path
) -> None:
    # Arrange: four studies whose analysis was given up
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    ledger.upgrade()
    broker.declare([ROUTINE])
    for number in range(4):
        record_received(ledger, received(study_instance_uid=f"1.{number}"))
        sent = Envelope(f"{number}-4", ROUTINE, InferenceRequest(f"1.{number}", 1, "density").to_json())
        broker.publish([sent])
        with consuming(broker) as consumer:
            delivery = take(consumer)
            Leasing(ledger).bury(Leasing(ledger).take(sent), "broken")
            delivery.dead_letter("broken")
        with ledger.begin() as tx:
            tx.studies.move(f"1.{number}", StudyEvent.GAVE_UP, "broken")
    dead, stop = DeadLetters(ledger, broker, [ROUTINE]), threading.Event()
    entries = dead.entries()

    def look() -> None:
        while not stop.wait(0.05):
            broker.dead_letters(ROUTINE)

    looking = threading.Thread(target=look)
    looking.start()
    # Act
    done = [dead.retry(entry, "jo") for entry in entries[:2]] + [dead.discard(entries[3], "jo", "")]
    stop.set()
    looking.join()
    # Assert
    assert done == [*2 * ["the study is routed again within seconds"], "discarded"]
    (left,) = dead.entries()
    assert (left.id, left.superseded) == ("2-4", "")
    with ledger.read() as tx:
        assert [note.study_instance_uid for note in tx.leases.given_up()] == ["1.2"]
    ledger.close()
