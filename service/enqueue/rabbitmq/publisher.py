"""Publishes to RabbitMQ with confirms, over one connection that all threads share."""

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, wait

from service.enqueue.rabbitmq.confirms import CLOSE_S, ConfirmLink, Outgoing
from service.enqueue.rabbitmq.connection import CONNECT_TIMEOUT_S, Address
from service.enqueue.rabbitmq.declare import Declarer
from service.enqueue.rabbitmq.topology import QueueSpec
from service.errors import BrokerUnavailable, PrereadError

CONFIRM_LIMIT_S = 15.0
"""How long a message waits for its confirm, an alarm of the broker included. A broker under load takes
seconds; a queue without its quorum, or one that RabbitMQ 3.10 lost half of in a crash, never confirms."""
FULL_WAIT_S = CONNECT_TIMEOUT_S + CONFIRM_LIMIT_S
"""Longest that publishing may take, connecting included."""


class Publisher:
    """One connection in confirm mode, opened at need. Safe to share between threads."""

    def __init__(self, address: Address, declarer: Declarer) -> None:
        self._address = address
        self._declarer = declarer
        self._lock = threading.Lock()
        self._link: ConfirmLink | None = None

    def declare(self, queues: Iterable[QueueSpec]) -> None:
        """Make the queues exist. Raises BrokerUnavailable, ConfigurationError."""
        self._declarer.declare(queues)

    def publish(self, message: Outgoing) -> None:
        """Return once the broker has the message on disk. Raises BrokerUnavailable if it has not."""
        (reason,) = self.publish_all([message])
        if reason:
            raise BrokerUnavailable(reason)

    def publish_all(self, messages: Sequence[Outgoing]) -> list[str]:
        """Why each of the messages is not confirmed; empty where it is. They leave in this order.

        Raises BrokerUnavailable when none of them has left.
        """
        link = self._opened()
        deadline = time.monotonic() + CONFIRM_LIMIT_S
        if not link.wait_until_unblocked(CONFIRM_LIMIT_S):
            raise BrokerUnavailable(_blocked(link.alarm))
        futures = link.send(messages)
        wait(futures, max(0.0, deadline - time.monotonic()))
        reasons = [_reason(future, link) for future in futures]
        if any(not future.done() for future in futures) and not link.alarm:
            self._give_up(link)
        if any(reasons):
            self._declarer.forget()
        return reasons

    def close(self) -> None:
        """Close the connection; a later call opens a new one."""
        with self._lock:
            link, self._link = self._link, None
        if link is not None:
            link.close(CLOSE_S + 1.0)

    def _opened(self) -> ConfirmLink:
        with self._lock:
            if self._link is None or self._link.is_lost:
                self._declarer.forget()
                self._link = _open(self._address)
            return self._link

    def _give_up(self, link: ConfirmLink) -> None:
        """A connection that is silent is not used again. One under an alarm is: it says when that is over."""
        with self._lock:
            if self._link is link:
                self._link = None
        link.close()


def _open(address: Address) -> ConfirmLink:
    link = ConfirmLink(address.parameters("preread publisher"))
    try:
        link.opened.result(CONNECT_TIMEOUT_S + 1.0)
    except TimeoutError:
        link.close()
        raise BrokerUnavailable("RabbitMQ does not answer: it opened no channel in time") from None
    return link


def _reason(future: Future[str], link: ConfirmLink) -> str:
    if not future.done():
        waited = f"RabbitMQ has not confirmed within {CONFIRM_LIMIT_S:g} s"
        return _blocked(link.alarm) if link.alarm else waited
    try:
        return future.result()
    except PrereadError as error:
        return str(error)


def _blocked(alarm: str) -> str:
    return f"RabbitMQ takes no messages ({alarm}): give it memory or disk space"
