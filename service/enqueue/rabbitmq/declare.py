"""Makes exchange and queues exist, and says what is wrong with one that exists otherwise."""

import re
import threading
from collections.abc import Iterable
from contextlib import closing

from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import ChannelClosedByBroker

from service.enqueue.rabbitmq.connection import Address, connect, translated
from service.enqueue.rabbitmq.topology import EXCHANGE, EXCHANGE_TYPE, QueueSpec
from service.errors import ConfigurationError

PRECONDITION_FAILED = 406
"""AMQP 0-9-1 reply code: it exists with other arguments."""
_DIFFERENCE = re.compile(
    r"inequivalent arg '(?P<argument>[^']+)' for (?P<kind>queue|exchange) '(?P<name>[^']+)'.*?"
    r"received (?P<wanted>.+?) but current is (?P<found>.+)",
    re.DOTALL,
)
"""RabbitMQ's words for it, e.g. "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue
'report.retry.5' in vhost '/': received the value '5000' of type 'signedint' but current is none"."""


class Declarer:
    """Declares over connections of its own, which a memory alarm does not hold up. Safe between threads."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._declared: set[str] = set()

    def declare(self, queues: Iterable[QueueSpec]) -> None:
        """Make the queues exist, asking once for each. Raises BrokerUnavailable, ConfigurationError."""
        with self._lock:
            new = [queue for queue in queues if queue.name not in self._declared]
            if new:
                with translated(), closing(connect(self._address, "preread declaring")) as connection:
                    declare_all(connection, new)
                self._declared.update(queue.name for queue in new)

    def forget(self) -> None:
        """Ask anew for every queue: the broker was away, and may have lost what was declared."""
        with self._lock:
            self._declared.clear()


def declare_all(connection: BlockingConnection, queues: Iterable[QueueSpec]) -> None:
    """Make exchange, queues and bindings exist.

    Raises ConfigurationError, which names everything that exists otherwise, and pika's exceptions.
    """
    problems: list[str] = []
    channel = connection.channel()
    for queue in queues:
        try:
            _declare(channel, queue)
        except ChannelClosedByBroker as error:
            if error.reply_code != PRECONDITION_FAILED:
                raise
            problems.append(_problem(queue.name, error.reply_text))
            channel = connection.channel()
    channel.close()
    if problems:
        raise ConfigurationError("\n".join(dict.fromkeys(problems)))


def _declare(channel: BlockingChannel, queue: QueueSpec) -> None:
    channel.exchange_declare(EXCHANGE, EXCHANGE_TYPE, durable=True)
    channel.queue_declare(queue.name, durable=True, arguments=queue.arguments)
    channel.queue_bind(queue.name, EXCHANGE, routing_key=queue.name)


def _problem(queue: str, reply: str) -> str:
    """Which one, what about it, and how to get rid of it without losing messages."""
    found = _DIFFERENCE.search(reply)
    if found is None:
        difference = f"RabbitMQ has the queue {queue} with other arguments ({reply})"
    else:
        what = "the exchange" if found["kind"] == "exchange" else "the queue"
        difference = (
            f"RabbitMQ has {what} {found['name']} with another {found['argument']}: "
            f"wanted {_value(found['wanted'])}, found {_value(found['found'])}"
        )
        if found["kind"] == "exchange":
            return f"{difference}. Delete that exchange, or use another virtual host: no message is in it"
    return (
        f"{difference}. Somebody else made it, or another version of Preread. Stop Preread's processes, move "
        f"its messages to a new queue {queue}.old (management page, 'Move messages'), delete {queue}, start "
        f"Preread, which makes it anew, and move the messages back; or use another virtual host"
    )


def _value(words: str) -> str:
    """Short for "the value 'quorum' of type 'longstr'"; other words as they are."""
    value = re.match(r"(?:the value )?'([^']*)'", words)
    return value[1] if value else words.strip()
