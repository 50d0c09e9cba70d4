"""What can be told of RabbitMQ without changing anything there: its queues, and whether it takes messages."""

import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from uuid import uuid4

import pika
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import AMQPError, ChannelClosedByBroker

from service.enqueue.rabbitmq.connection import Address, connect, translated
from service.enqueue.rabbitmq.declare import declare_all
from service.enqueue.rabbitmq.topology import QueueSpec, dead_queue, retry_queue, work_queue
from service.errors import BrokerUnavailable, ConfigurationError

BLOCKS_WITHIN_S = 1.0
"""RabbitMQ tells of an alarm at once when something is published."""
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class QueueSeen:
    """A work queue. `waiting` and `dead` are None where RabbitMQ has no such queue."""

    name: str
    waiting: int | None
    dead: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """`differences`: queues that are there with other arguments, and what to do. `alarm`: why nothing is
    taken.
    """

    queues: tuple[QueueSeen, ...]
    differences: str
    alarm: str


def examine(address: Address, queues: Sequence[str], retry_delays_s: Sequence[float]) -> Seen:
    """Nothing stays of it. Raises BrokerUnavailable, ConfigurationError."""
    with translated(), closing(connect(address, "preread doctor")) as connection:
        specs = {
            queue: (
                dead_queue(queue),
                work_queue(queue),
                *(retry_queue(queue, one) for one in retry_delays_s),
            )
            for queue in queues
        }
        counts = _counts(connection, [spec for of_queue in specs.values() for spec in of_queue])
        there = [spec for of_queue in specs.values() for spec in of_queue if counts[spec.name] is not None]
        differences = _differences(connection, there)
    seen = tuple(QueueSeen(name, counts[name], counts[dead.name]) for name, (dead, *_) in specs.items())
    return Seen(seen, differences, _alarm(address))


def _counts(connection: BlockingConnection, specs: Sequence[QueueSpec]) -> dict[str, int | None]:
    """Messages that are ready, by queue; None for one that is not there."""
    counts: dict[str, int | None] = {}
    channel: BlockingChannel = connection.channel()
    for spec in specs:
        try:
            counts[spec.name] = channel.queue_declare(spec.name, passive=True).method.message_count
        except ChannelClosedByBroker as error:
            if error.reply_code != _NOT_FOUND:
                raise
            counts[spec.name] = None
            channel = connection.channel()
    channel.close()
    return counts


def _differences(connection: BlockingConnection, there: Sequence[QueueSpec]) -> str:
    """Declaring what is there changes nothing, and is refused where it is there otherwise."""
    try:
        declare_all(connection, there)
    except ConfigurationError as error:
        return str(error)
    return ""


def _alarm(address: Address) -> str:
    """Why RabbitMQ takes no message: short of memory or disk. Empty where it takes them.

    What is published is for a queue that nobody has, so it is dropped there. On a connection of its own,
    which ends by itself where RabbitMQ no longer reads from it.
    """
    reasons: list[str] = []
    parameters = address.parameters("preread doctor publishing")
    parameters.blocked_connection_timeout = BLOCKS_WITHIN_S
    try:
        with closing(BlockingConnection(parameters)) as connection:
            connection.add_on_connection_blocked_callback(
                lambda _connection, blocked: reasons.append(str(blocked.method.reason))
            )
            channel = connection.channel()
            channel.basic_publish("", f"preread.doctor.{uuid4()}", b"", pika.BasicProperties())
            deadline = time.monotonic() + BLOCKS_WITHIN_S
            while time.monotonic() < deadline and not reasons:
                connection.process_data_events(time_limit=BLOCKS_WITHIN_S / 10)
            with suppress(AMQPError):  # it waits for an answer that a blocked connection does not get
                while reasons:
                    connection.process_data_events(time_limit=BLOCKS_WITHIN_S)
    except (AMQPError, OSError) as error:
        if not reasons:
            raise BrokerUnavailable(f"RabbitMQ does not take a message: {error!r}") from error
    return "; ".join(dict.fromkeys(reasons))
