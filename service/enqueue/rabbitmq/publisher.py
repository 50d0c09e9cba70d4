"""Publishes to RabbitMQ with confirms, over one connection that all threads share."""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from service.enqueue.rabbitmq.topology import EXCHANGE, QueueSpec
from service.enqueue.rabbitmq.wire import connect, declare, persistent, translated
from service.errors import BrokerUnavailable

Channel = Any
Action = Callable[[Channel], None]


class Publisher:
    """One connection in confirm mode, opened at need. Every method raises BrokerUnavailable."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._channel: Channel | None = None
        self._declared: set[str] = set()

    def declare(self, queues: Iterable[QueueSpec]) -> None:
        """Make the queues exist. Asks RabbitMQ at most once per connection and queue."""
        with self._lock:
            for queue in queues:
                if queue.name not in self._declared:
                    self._do(partial(declare, queue=queue))
                    self._declared.add(queue.name)

    def publish(
        self, queue: str, body: bytes, message_id: str | None, attempts: int = 0, reason: str = ""
    ) -> None:
        """Return once the broker has the message on disk."""
        properties = persistent(message_id, attempts, reason)
        with self._lock:
            self._do(lambda channel: channel.basic_publish(EXCHANGE, queue, body, properties, mandatory=True))

    def close(self) -> None:
        """Close the connection; a later call opens a new one."""
        with self._lock:
            self._drop()

    def _do(self, action: Action) -> None:
        """Act; once more if the connection is an old one, which the broker closes when it idles."""
        was_open = self._channel is not None
        try:
            self._attempt(action)
        except BrokerUnavailable:
            if not was_open:
                raise
            self._attempt(action)

    def _attempt(self, action: Action) -> None:
        try:
            with translated():
                action(self._open())
        except BaseException:  # interrupted halfway, a channel cannot be used again
            self._drop()
            raise

    def _open(self) -> Channel:
        if self._channel is None:
            self._channel = connect(self._url, "preread publisher").channel()
            self._channel.confirm_delivery()
        return self._channel

    def _drop(self) -> None:
        channel, self._channel = self._channel, None
        # A broker that was away may have lost what was declared.
        self._declared.clear()
        if channel is not None:
            with suppress(BrokerUnavailable), translated():
                channel.connection.close()
