"""Consumes from RabbitMQ: one connection on one thread, which answers heartbeats while the work goes on.

Messages are fetched one by one (basic.get) when somebody waits for one. Pushed messages (basic.consume) would
wait here by the dozen, and each death of this worker would count as a delivery of every one of them: one
poisonous message would take harmless neighbours along to the dead letters. Fetching also keeps the order of
the queues and the prefetch bound exact, and leaves waiting work to whoever is idle. The price is a question
per queue every POLL_S while idle.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog

from service.enqueue.fairness import Turns
from service.enqueue.rabbitmq.confirms import Outgoing
from service.enqueue.rabbitmq.connection import Address, connect, translated
from service.enqueue.rabbitmq.declare import declare_all
from service.enqueue.rabbitmq.delivery import Link, RabbitMQDelivery, RawMessage
from service.enqueue.rabbitmq.publisher import Publisher
from service.enqueue.rabbitmq.topology import dead_queue, dead_queue_name, work_queue
from service.enqueue.rabbitmq.wire import persistent
from service.errors import BrokerUnavailable, InvalidMessage

log = structlog.get_logger()

POLL_S = 0.15
"""How often empty queues are asked while somebody waits."""
TURN_S = 1.0
"""Longest turn of the connection's thread while nobody waits. Acks end a turn at once."""
RECONNECT_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Waiting times between attempts to connect; the last one is repeated."""
JOIN_S = 15.0
"""How long close waits for the thread: longer than a connection takes to open or to close."""


class RabbitMQConsumer:
    """Reconnects by itself. Several threads may receive from it."""

    def __init__(self, address: Address, queues: Sequence[str], prefetch: int, publisher: Publisher) -> None:
        self._address = address
        self._queues = tuple(queues)
        self._prefetch = prefetch
        self._publisher = publisher
        self._turns = Turns(queues)
        self._changed = threading.Condition()
        self._receivers = 0
        self._link: Link | None = None
        self._failure = ""
        self._failures = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rabbitmq consumer", daemon=True)
        self._thread.start()

    def receive(self, timeout_s: float) -> RabbitMQDelivery | None:
        """The next delivery, earlier-named queues first but for every fifth (see fairness).

        Raises BrokerUnavailable when there is still no connection after `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            taken = self._wait(max(0.0, deadline - time.monotonic()))
            if taken is None:
                return None
            delivery = self._delivery(*taken)
            if delivery is not None:
                return delivery

    def close(self) -> None:
        """Send the acks that are on their way, and give back what is unended."""
        self._closing.set()
        with self._changed:
            link = self._link
        if link is not None:
            link.stop()
        self._thread.join(JOIN_S)

    def _wait(self, timeout_s: float) -> tuple[Link, RawMessage] | None:
        with self._changed:
            self._receivers += 1
            if self._link is not None:
                self._link.wake()
            try:
                taken = self._changed.wait_for(self._take, timeout_s)
            finally:
                self._receivers -= 1
            if taken is None and self._failure:
                raise BrokerUnavailable(self._failure)
            return taken

    def _take(self) -> tuple[Link, RawMessage] | None:
        link = self._link
        return (link, link.ready.popleft()) if link is not None and link.ready else None

    def _delivery(self, link: Link, message: RawMessage) -> RabbitMQDelivery | None:
        try:
            envelope = message.envelope()
        except InvalidMessage as error:
            self._set_aside(link, message, str(error))
            return None
        return RabbitMQDelivery(link, self._publisher, message, envelope)

    def _set_aside(self, link: Link, message: RawMessage, reason: str) -> None:
        log.error("undecodable message set aside", queue=message.queue)
        properties = persistent(message.properties.message_id, message.attempts, reason)
        try:
            self._publisher.publish(Outgoing(dead_queue_name(message.queue), message.body, properties))
        except BrokerUnavailable:
            link.put_back(message)
            raise
        link.ack(message.tag)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with translated():
                    self._serve()
            except Exception as error:  # the thread's outermost edge: without it, nobody would reconnect
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        delay_s = RECONNECT_S[min(self._failures, len(RECONNECT_S) - 1)]
        log.warning("no connection to RabbitMQ", error=str(error), next_attempt_s=delay_s)
        with self._changed:
            self._failure = str(error) or repr(error)
            self._failures += 1
        self._closing.wait(delay_s)

    def _serve(self) -> None:
        """Connect, and take turns until closed. Leaves by an exception when the connection is lost."""
        connection = connect(self._address, "preread consumer")
        link = Link(connection, self._changed)
        try:
            # Each time anew: a broker that was away may have lost them.
            declare_all(
                connection, (make(name) for name in self._queues for make in (dead_queue, work_queue))
            )
            with self._changed:
                self._link, self._failure, self._failures = link, "", 0
                # close() has either seen this link, or is seen here.
                link.is_stopping = self._closing.is_set()
            while not link.is_stopping:
                self._fetch(link)
                connection.process_data_events(time_limit=POLL_S if self._receivers else TURN_S)
        finally:
            with self._changed:
                link.is_alive = False
                self._link = None
            with suppress(BrokerUnavailable), translated():
                connection.close()

    def _fetch(self, link: Link) -> None:
        while self._wants(link) and link.fetch(self._turns.order()):
            self._turns.taken()

    def _wants(self, link: Link) -> bool:
        with self._changed:
            return self._receivers > len(link.ready) and link.unended < self._prefetch
