"""One connection that publishes: many messages are on their way at one time, each confirmed by itself.

It has a thread of its own, so that heartbeats are answered, and alarms and losses noticed, while nobody
publishes.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import pika
import structlog
from pika.adapters.select_connection import SelectConnection
from pika.exceptions import AMQPError

from service.enqueue.rabbitmq.connection import broker_error
from service.enqueue.rabbitmq.topology import EXCHANGE
from service.errors import BrokerUnavailable

log = structlog.get_logger()

CLOSE_S = 2.0
"""How long the broker has for its goodbye; one that is blocked or gone says none."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish."""

    queue: str
    body: bytes
    properties: Any


class ConfirmLink:
    """Opens at once. Ends with its connection, and is not used again.

    A message's future holds why it was not taken, empty where it is confirmed; or BrokerUnavailable when the
    connection was lost before it was known.
    """

    def __init__(self, parameters: pika.ConnectionParameters) -> None:
        self.opened: Future[str] = Future()
        """Done when messages can be published; BrokerUnavailable, ConfigurationError."""
        self._lock = threading.Lock()
        self._unended: set[Future[str]] = {self.opened}
        self._lost: Exception | None = None
        self._alarm = ""
        self._is_unblocked = threading.Event()
        self._is_unblocked.set()
        # Used on the connection's thread only.
        self._channel: Any = None
        self._waiting: dict[int, Future[str]] = {}
        self._tag = 0
        self._connection = SelectConnection(
            parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_end,
            on_close_callback=self._on_end,
        )
        self._thread = threading.Thread(target=self._run, name="rabbitmq publisher", daemon=True)
        self._thread.start()

    @property
    def is_lost(self) -> bool:
        """Whether the connection has ended."""
        return self._lost is not None

    @property
    def alarm(self) -> str:
        """Why the broker takes no messages at present (memory or disk); empty while it takes them."""
        return self._alarm

    def wait_until_unblocked(self, timeout_s: float) -> bool:
        """Whether the broker takes messages, or does so in time."""
        return self._is_unblocked.wait(timeout_s)

    def send(self, messages: Sequence[Outgoing]) -> list[Future[str]]:
        """Put messages on their way, in this order. Waits for nothing; `opened` must be done."""
        futures: list[Future[str]] = [Future() for _ in messages]
        with self._lock:
            if self._lost is not None:
                raise self._lost
            self._unended.update(futures)
            self._soon(partial(self._publish, messages, futures))
        return futures

    def close(self, wait_s: float = 0.0) -> None:
        """Ask the broker to close, and wait up to `wait_s`. Ends after CLOSE_S even without an answer."""
        with self._lock:
            if self._lost is None:
                self._soon(self._close_now)
        self._thread.join(wait_s)

    def _soon(self, action: Any) -> None:
        self._connection.ioloop.add_callback_threadsafe(action)

    def _run(self) -> None:
        error: Exception = BrokerUnavailable("the connection to RabbitMQ was closed")
        try:
            self._connection.ioloop.start()
        except Exception as failure:  # the thread's outermost edge: those who wait must learn of it
            error = failure
        self._lose(error)
        self._connection.ioloop.close()

    def _lose(self, error: BaseException) -> None:
        with self._lock:
            if self._lost is None:
                self._lost = broker_error(error)
            unended, self._unended = self._unended, set()
        for future in unended:
            if not future.done():
                future.set_exception(self._lost)
        self._is_unblocked.set()

    def _on_open(self, connection: Any) -> None:
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=lambda _: self._end(self.opened, ""))

    def _on_channel_closed(self, _channel: Any, reason: Exception) -> None:
        self._lose(reason)
        self._close_now()

    def _on_end(self, _connection: Any, reason: Exception) -> None:
        self._lose(reason)
        self._connection.ioloop.stop()

    def _on_blocked(self, _connection: Any, frame: Any) -> None:
        self._alarm = frame.method.reason or "alarm"
        self._is_unblocked.clear()
        log.error("RabbitMQ takes no messages", reason=self._alarm)

    def _on_unblocked(self, _connection: Any, _frame: Any) -> None:
        self._alarm = ""
        self._is_unblocked.set()
        log.info("RabbitMQ takes messages again")

    def _publish(self, messages: Sequence[Outgoing], futures: Sequence[Future[str]]) -> None:
        if self._lost is not None:
            return
        for message, future in zip(messages, futures, strict=True):
            self._tag += 1
            self._waiting[self._tag] = future
            # A message that no queue takes comes back without a tag: it carries its own.
            message.properties.correlation_id = str(self._tag)
            self._channel.basic_publish(
                EXCHANGE, message.queue, message.body, message.properties, mandatory=True
            )

    def _on_return(self, _channel: Any, method: Any, properties: Any, _body: bytes) -> None:
        # Its confirm follows, and finds nobody waiting.
        future = self._waiting.pop(int(properties.correlation_id), None)
        if future is not None:
            self._end(future, f"RabbitMQ has no queue {method.routing_key}: declare it first")

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        tags = [tag for tag in self._waiting if tag <= method.delivery_tag] if method.multiple else []
        is_ack = isinstance(method, pika.spec.Basic.Ack)
        reason = "" if is_ack else "RabbitMQ refused it (nack): the queue is full, or failed on the way"
        for tag in tags or [method.delivery_tag]:
            if (future := self._waiting.pop(tag, None)) is not None:
                self._end(future, reason)

    def _end(self, future: Future[str], result: str) -> None:
        with self._lock:
            self._unended.discard(future)
            is_done = future.done()
        if not is_done:
            future.set_result(result)

    def _close_now(self) -> None:
        self._connection.ioloop.call_later(CLOSE_S, self._connection.ioloop.stop)
        if not self._connection.is_closing and not self._connection.is_closed:
            with suppress(AMQPError):
                self._connection.close()
