"""RabbitMQ's exchange and queues, as data. RabbitMQ 3.10 or newer.

For each work queue, all bound to one direct exchange under their own names:

    inference.density            work
    inference.density.retry.30   waits 30 s, then goes back to the work queue
    inference.density.dead       set aside, with the reason in a header
"""

import math
from dataclasses import dataclass

EXCHANGE = "preread"
EXCHANGE_TYPE = "direct"

CRASH_LIMIT = 100
"""Deliveries of one copy after which RabbitMQ itself sets a message aside (x-delivery-limit).

Only a backstop: consume sets it aside at its own, smaller limit and notes the reason. A constant, since the
arguments of a queue that exists cannot be changed."""
NO_LIMIT = 2**31 - 1
"""For queues that are only looked at: RabbitMQ 4 drops after 20 looks unless told otherwise."""


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue to declare, and bind to the exchange under its own name."""

    name: str
    arguments: dict[str, str | int]


def work_queue(queue: str) -> QueueSpec:
    """Where work waits."""
    return QueueSpec(queue, {"x-delivery-limit": CRASH_LIMIT, **_quorum_to(dead_queue_name(queue))})


def dead_queue(queue: str) -> QueueSpec:
    """Where the queue's messages are set aside."""
    return QueueSpec(dead_queue_name(queue), {"x-queue-type": "quorum", "x-delivery-limit": NO_LIMIT})


def retry_queue(queue: str, delay_s: float) -> QueueSpec:
    """Where the queue's messages wait for `delay_s` seconds.

    One queue per delay: RabbitMQ expires messages at the head only, so a longer delay in front would hold
    up a shorter one behind it. Use few different delays.
    """
    ttl_ms = math.ceil(delay_s * 1000)
    return QueueSpec(f"{queue}.retry.{ttl_ms / 1000:.12g}", {"x-message-ttl": ttl_ms, **_quorum_to(queue)})


def dead_queue_name(queue: str) -> str:
    """Name of the queue's dead-letter queue."""
    return f"{queue}.dead"


def _quorum_to(next_queue: str) -> dict[str, str | int]:
    """A quorum queue whose expired or rejected messages move on, and stay until the next queue has them."""
    return {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": EXCHANGE,
        "x-dead-letter-routing-key": next_queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
