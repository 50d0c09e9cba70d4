"""The broker port over RabbitMQ: quorum queues, publisher confirms, manual acks, dead-letter queues."""

from collections.abc import Sequence

from service.enqueue.port import DeadLetter, Envelope, NotPublished
from service.enqueue.rabbitmq import dead
from service.enqueue.rabbitmq.confirms import Outgoing
from service.enqueue.rabbitmq.connection import Address
from service.enqueue.rabbitmq.consumer import RabbitMQConsumer
from service.enqueue.rabbitmq.declare import Declarer
from service.enqueue.rabbitmq.publisher import Publisher
from service.enqueue.rabbitmq.topology import dead_queue, retry_queue, work_queue
from service.enqueue.rabbitmq.waves import Line, line_of, waves_of
from service.enqueue.rabbitmq.wire import encode, persistent
from service.errors import BrokerUnavailable


class RabbitMQBroker:
    """The broker port. Safe to share between threads.

    The queues of `retry_delays_s` are made by `declare`, and one of another delay when it is first used.
    Better the former: RabbitMQ 3.10 that dies within half a second of making a quorum queue forgets it.
    """

    def __init__(self, address: Address, retry_delays_s: Sequence[float] = ()) -> None:
        self._address = address
        self._retry_delays_s = tuple(retry_delays_s)
        self._publisher = Publisher(address, Declarer(address))

    def declare(self, queues: Sequence[str]) -> None:
        """Make the queues exist, with their dead-letter and retry queues; each is asked for once.

        Raises BrokerUnavailable; ConfigurationError where a queue exists with other arguments.
        """
        self._publisher.declare(
            [
                spec
                for queue in queues
                for spec in (
                    dead_queue(queue),
                    work_queue(queue),
                    *(retry_queue(queue, delay_s) for delay_s in self._retry_delays_s),
                )
            ]
        )

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Publish together, each confirmed by itself; their queues must be declared.

        The messages of one study in one queue leave in order, each once the one before is confirmed.
        Raises NotPublished.
        """
        refused: dict[str, str] = {}
        held: set[Line] = set()
        for wave in waves_of(envelopes):
            free = [one for one in wave if line_of(one) not in held]
            refused |= {one.message_id: "one before it was not taken" for one in wave if line_of(one) in held}
            for one, reason in zip(free, self._publish(free), strict=True):
                if reason:
                    refused[one.message_id] = reason
                    held.add(line_of(one))
        if refused:
            raise NotPublished(refused)

    def _publish(self, envelopes: Sequence[Envelope]) -> list[str]:
        """Why each of them was not taken; empty where it was."""
        if not envelopes:
            return []
        messages = [
            Outgoing(one.queue, encode(one), persistent(one.message_id, traceparent=one.traceparent))
            for one in envelopes
        ]
        try:
            return self._publisher.publish_all(messages)
        except BrokerUnavailable as error:
            return [str(error)] * len(envelopes)

    def consumer(self, queues: Sequence[str], prefetch: int) -> RabbitMQConsumer:
        """A consumer of the queues, on a connection and a thread of its own."""
        return RabbitMQConsumer(self._address, queues, prefetch, self._publisher)

    def dead_letters(self, queue: str) -> list[DeadLetter]:
        """What was set aside from the queue, oldest first. Closing the channel puts all of it back."""
        self.declare([queue])
        return dead.letters(self._address, queue)

    def discard(self, queue: str, message_id: str) -> bool:
        """Take one dead letter out. False where it is not there."""
        self.declare([queue])
        return dead.discard(self._address, queue, message_id)

    def close(self) -> None:
        """Close the publisher's connection. Consumers are closed by their owners."""
        self._publisher.close()
