"""The broker port: what every broker adapter promises. tests/contracts/broker.py holds them to it.

Delivery is at least once: a handler must be harmless when it is called twice for one message.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from service.errors import BrokerUnavailable

SPREAD = 0.25


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message on its way. `message_id` is unique; `body` holds JSON types.

    `traceparent` says where in a trace it was published (W3C Trace Context). A broker may lose it.
    """

    message_id: str
    queue: str
    body: dict[str, Any]
    traceparent: str = ""


class NotPublished(BrokerUnavailable):
    """Some messages, or all, were not taken. `reasons`: why, by message_id; every other one is kept."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("; ".join(dict.fromkeys(reasons.values())))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that nobody will try again by itself, and why."""

    envelope: Envelope
    attempts: int
    reason: str
    by_broker: bool = False
    """Set aside by the broker itself: the ledger was not told."""


def spread(delay_s: float) -> float:
    """A delay, or up to a quarter less: what failed together does not come back together."""
    return delay_s * random.uniform(1 - SPREAD, 1)  # noqa: S311 - no secret


class Delivery(Protocol):
    """One message handed to one consumer. One of the three methods ends it; a second call is harmless.

    Any thread may call them. A delivery that is never ended is delivered again once its consumer is closed,
    has died, or has lost its connection.
    """

    @property
    def envelope(self) -> Envelope:
        """The message."""
        ...

    @property
    def attempts(self) -> int:
        """How often the message has been delivered, this time included: 1 or more."""
        ...

    def ack(self) -> None:
        """The work is done and kept: forget the message."""
        ...

    def retry(self, delay_s: float, reason: str) -> None:
        """Deliver again, in `spread(delay_s)` seconds or a little later."""
        ...

    def dead_letter(self, reason: str) -> None:
        """Set aside, with the reason."""
        ...


class Consumer(Protocol):
    """Takes deliveries from queues, at most `prefetch` unended at a time."""

    def receive(self, timeout_s: float) -> Delivery | None:
        """The next delivery, earlier-named queues first, but for every fifth, so that none starves.

        None when none came in time.

        Raises BrokerUnavailable when the broker cannot be reached; calling again reconnects.
        """
        ...

    def close(self) -> None:
        """Give back what is unended and stop."""
        ...


class Broker(Protocol):
    """Where messages wait."""

    def declare(self, queues: Sequence[str]) -> None:
        """Make the queues exist, with their dead-letter queues. Idempotent."""
        ...

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Return only once every envelope is kept durably.

        Raises BrokerUnavailable if not, NotPublished where that is so of some only; calling again is safe,
        since handlers take a repeated message.
        """
        ...

    def consumer(self, queues: Sequence[str], prefetch: int) -> Consumer:
        """A consumer of the queues."""
        ...

    def dead_letters(self, queue: str) -> list[DeadLetter]:
        """What was set aside from the queue, oldest first; it stays there.

        Every one has a message_id, one that was published without it a made-up one that stays the same.
        """
        ...

    def discard(self, queue: str, message_id: str) -> bool:
        """Take one dead letter out of the queue; the others stay as they are. False where it is not there."""
        ...

    def close(self) -> None:
        """Let go of all connections."""
        ...
