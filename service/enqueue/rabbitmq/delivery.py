"""A message that came from RabbitMQ, and the connection that it came over."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from service.enqueue.port import Envelope, spread
from service.enqueue.rabbitmq.confirms import Outgoing
from service.enqueue.rabbitmq.connection import translated
from service.enqueue.rabbitmq.publisher import Publisher
from service.enqueue.rabbitmq.topology import dead_queue_name, retry_queue
from service.enqueue.rabbitmq.wire import attempts_before, decode, encode, persistent
from service.errors import BrokerUnavailable


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message as it came, not yet decoded. Its tag means something on its own link only."""

    queue: str
    tag: int
    properties: Any
    body: bytes

    @property
    def attempts(self) -> int:
        """How often it was delivered, this time included."""
        return attempts_before(self.properties) + 1

    def envelope(self) -> Envelope:
        """The message. Raises InvalidMessage."""
        return decode(self.queue, self.properties, self.body)


class Link:
    """The life of one connection, and the messages that came over it and are not ended.

    `changed` guards the messages; it is notified when one comes or ends.
    """

    def __init__(self, connection: Any, changed: threading.Condition) -> None:
        self.channel = connection.channel()
        self.is_alive = True
        self.is_stopping = False
        self.ready: deque[RawMessage] = deque()
        self._connection = connection
        self._changed = changed
        self._unended: set[int] = set()

    @property
    def unended(self) -> int:
        """How many messages are fetched and not ended. Call with `changed` held."""
        return len(self._unended)

    def fetch(self, queues: Sequence[str]) -> bool:
        """Make the first message of the first queue that has one ready. On the connection's thread only."""
        for queue in queues:
            method, properties, body = self.channel.basic_get(queue)
            if method is not None:
                with self._changed:
                    self._unended.add(method.delivery_tag)
                    self.ready.append(RawMessage(queue, method.delivery_tag, properties, body))
                    self._changed.notify_all()
                return True
        return False

    def put_back(self, message: RawMessage) -> None:
        """Make a message ready again."""
        with self._changed:
            self.ready.appendleft(message)

    def ack(self, tag: int) -> None:
        """Ack on the connection's thread; never on another connection, where the tag is another message's."""
        with self._changed:
            self._unended.discard(tag)
        self._soon(partial(self._ack_now, tag))

    def wake(self) -> None:
        """End the current turn of the connection's thread."""
        self._soon(lambda: None)

    def stop(self) -> None:
        """End all turns after the acks that are on their way."""
        self._soon(partial(setattr, self, "is_stopping", True))

    def _ack_now(self, tag: int) -> None:
        self.channel.basic_ack(tag)

    def _soon(self, action: Callable[[], None]) -> None:
        # Where the connection is lost there is nothing left to do: RabbitMQ has taken the messages back.
        with suppress(BrokerUnavailable), translated():
            self._connection.add_callback_threadsafe(action)


class RabbitMQDelivery:
    """A message handed out. Once its link is lost it is delivered again, and ending it changes nothing."""

    def __init__(self, link: Link, publisher: Publisher, message: RawMessage, envelope: Envelope) -> None:
        self._link = link
        self._publisher = publisher
        self._message = message
        self._envelope = envelope
        self._lock = threading.Lock()
        self._ended = False

    @property
    def envelope(self) -> Envelope:
        """The message."""
        return self._envelope

    @property
    def attempts(self) -> int:
        """How often it was delivered, as earlier copies too, this time included."""
        return self._message.attempts

    def ack(self) -> None:
        """Ack it."""
        self._end(lambda: None)

    def retry(self, delay_s: float, reason: str) -> None:
        """Put a copy where it waits for `delay_s`, then ack. Raises BrokerUnavailable: then do it again."""
        self._end(partial(self._copy_to_retry, delay_s, reason))

    def dead_letter(self, reason: str) -> None:
        """Put a copy into the dead-letter queue, then ack. Raises BrokerUnavailable: then do it again."""
        self._end(partial(self._copy_to, dead_queue_name(self._message.queue), reason))

    def _copy_to_retry(self, delay_s: float, reason: str) -> None:
        waiting = retry_queue(self._message.queue, delay_s)
        self._publisher.declare([waiting])
        self._copy_to(waiting.name, reason, spread(delay_s))

    def _copy_to(self, queue: str, reason: str, delay_s: float | None = None) -> None:
        envelope = self._envelope
        properties = persistent(envelope.message_id, self.attempts, reason, delay_s, envelope.traceparent)
        self._publisher.publish(Outgoing(queue, encode(envelope), properties))

    def _end(self, hand_on: Callable[[], None]) -> None:
        with self._lock:
            if self._ended or not self._link.is_alive:
                return
            hand_on()
            self._ended = True
        self._link.ack(self._message.tag)
