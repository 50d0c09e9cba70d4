"""The broker port over RabbitMQ: quorum queues, publisher confirms, manual acks, dead-letter queues."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from service.enqueue.port import DeadLetter, Envelope
from service.enqueue.rabbitmq.consumer import RabbitMQConsumer
from service.enqueue.rabbitmq.publisher import Publisher
from service.enqueue.rabbitmq.topology import (
    CRASH_LIMIT,
    dead_queue,
    dead_queue_name,
    retry_queue,
    work_queue,
)
from service.enqueue.rabbitmq.wire import (
    ATTEMPTS_HEADER,
    REASON_HEADER,
    connect,
    decode,
    encode,
    translated,
)
from service.errors import InvalidMessage


class RabbitMQBroker:
    """The broker port. Safe to share between threads. `url` is an AMQP URL: `amqp://user:password@host/vhost`.

    The queues of `retry_delays_s` are made by `declare`, and one of another delay when it is first used.
    Better the former: RabbitMQ 3.10 that dies within half a second of making a quorum queue forgets it.
    """

    def __init__(self, url: str, retry_delays_s: Sequence[float] = ()) -> None:
        self._url = url
        self._retry_delays_s = tuple(retry_delays_s)
        self._publisher = Publisher(url)

    def declare(self, queues: Sequence[str]) -> None:
        """Make the queues exist, with their dead-letter and retry queues.

        Raises BrokerUnavailable; ConfigurationError where a queue exists with other arguments.
        """
        for queue in queues:
            retries = (retry_queue(queue, delay_s) for delay_s in self._retry_delays_s)
            self._publisher.declare([dead_queue(queue), work_queue(queue), *retries])

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Publish one after the other, each confirmed; their queues must be declared.

        A queue that has lost its quorum confirms nothing, and is waited for without a limit.
        """
        for envelope in envelopes:
            self._publisher.publish(envelope.queue, encode(envelope), envelope.message_id)

    def consumer(self, queues: Sequence[str], prefetch: int) -> RabbitMQConsumer:
        """A consumer of the queues, on a connection and a thread of its own."""
        return RabbitMQConsumer(self._url, queues, prefetch, self._publisher)

    def dead_letters(self, queue: str) -> list[DeadLetter]:
        """What was set aside from the queue, oldest first. Closing the channel puts all of it back."""
        self.declare([queue])
        with translated(), closing(connect(self._url, "preread dead letters")) as connection:
            channel = connection.channel()
            found: list[DeadLetter] = []
            while True:
                method, properties, body = channel.basic_get(dead_queue_name(queue))
                if method is None:
                    return found
                found.append(_dead_letter(queue, properties, body))

    def close(self) -> None:
        """Close the publisher's connection. Consumers are closed by their owners."""
        self._publisher.close()


def _dead_letter(queue: str, properties: Any, body: bytes) -> DeadLetter:
    headers = properties.headers or {}
    try:
        envelope = decode(queue, properties, body)
    except InvalidMessage:
        envelope = Envelope(
            properties.message_id or "", queue, {"undecodable": body.decode(errors="replace")}
        )
    if "x-death" in headers:  # set aside by RabbitMQ itself: our copies start with fresh headers
        return DeadLetter(envelope, CRASH_LIMIT, "the worker died on every delivery")
    return DeadLetter(envelope, headers.get(ATTEMPTS_HEADER, 0), headers.get(REASON_HEADER, ""))
