"""What goes over the wire to RabbitMQ, and the one place where pika's exceptions become ours."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from service.enqueue.port import Envelope
from service.enqueue.rabbitmq.topology import EXCHANGE, EXCHANGE_TYPE, QueueSpec
from service.errors import BrokerUnavailable, ConfigurationError, InvalidMessage

try:
    import pika
    from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
    from pika.exceptions import AMQPError, ChannelClosedByBroker, UnroutableError
except ImportError as error:
    raise ConfigurationError(
        "broker.kind is rabbitmq, but its client is not installed: pip install preread[rabbitmq]"
    ) from error

ATTEMPTS_HEADER = "x-preread-attempts"
"""Deliveries of earlier copies of a message."""
REASON_HEADER = "x-preread-reason"
"""Why the message was retried last or set aside."""
DELIVERY_COUNT_HEADER = "x-delivery-count"
"""Deliveries of this copy that nobody ended; counted by quorum queues."""

REASON_MAX_CHARACTERS = 4000
"""Headers must fit into one frame of 128 KiB."""
HEARTBEAT_S = 30
"""A peer that vanished is noticed after two silent heartbeats."""
BLOCKED_TIMEOUT_S = 30
"""How long a broker may refuse messages (memory or disk alarm) before we call it unavailable."""
CONNECT_TIMEOUT_S = 10
PRECONDITION_FAILED = 406
"""AMQP 0-9-1 reply code: a queue exists with other arguments."""


def connect(url: str, name: str) -> BlockingConnection:
    """Open a connection; `name` shows in RabbitMQ's management pages. Raises BrokerUnavailable."""
    with translated():
        return BlockingConnection(_parameters(url, name))


def declare(channel: BlockingChannel, queue: QueueSpec) -> None:
    """Make the exchange, the queue and its binding exist. Raises pika's exceptions."""
    channel.exchange_declare(EXCHANGE, EXCHANGE_TYPE, durable=True)
    channel.queue_declare(queue.name, durable=True, arguments=queue.arguments)
    channel.queue_bind(queue.name, EXCHANGE, routing_key=queue.name)


def encode(envelope: Envelope) -> bytes:
    """The body as UTF-8 JSON."""
    return json.dumps(envelope.body, ensure_ascii=False, allow_nan=False).encode()


def decode(queue: str, properties: pika.BasicProperties, body: bytes) -> Envelope:
    """The message. Raises InvalidMessage if it has no id or its body is not a JSON object."""
    if not properties.message_id:
        raise InvalidMessage("the message has no message_id: it was not published by this service")
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError) as error:  # bad UTF-8, bad JSON, or nested too deeply
        raise InvalidMessage(f"the body is not JSON: {error}") from None
    if not isinstance(decoded, dict):
        raise InvalidMessage(f"the body is a JSON {type(decoded).__name__}, not an object")
    return Envelope(properties.message_id, queue, decoded)


def persistent(message_id: str | None, attempts: int = 0, reason: str = "") -> pika.BasicProperties:
    """Properties of a message that outlives the broker. `attempts` were made on earlier copies of it."""
    return pika.BasicProperties(
        content_type="application/json",
        delivery_mode=pika.DeliveryMode.Persistent.value,
        message_id=message_id,
        headers={ATTEMPTS_HEADER: attempts, REASON_HEADER: reason[:REASON_MAX_CHARACTERS]},
    )


def attempts_before(properties: pika.BasicProperties) -> int:
    """How often the message was delivered before this time: earlier copies, and this one."""
    headers = properties.headers or {}
    return _count(headers, ATTEMPTS_HEADER) + _count(headers, DELIVERY_COUNT_HEADER)


@contextmanager
def translated() -> Iterator[None]:
    """Pika's exceptions become BrokerUnavailable; ConfigurationError for a queue of other arguments."""
    try:
        yield
    except UnroutableError as error:
        queues = ", ".join(sorted({returned.method.routing_key for returned in error.messages}))
        raise BrokerUnavailable(f"RabbitMQ has no queue {queues}: declare it first") from error
    except ChannelClosedByBroker as error:
        if error.reply_code == PRECONDITION_FAILED:
            raise ConfigurationError(
                f"RabbitMQ: {error.reply_text}. Drain and delete the queue that was declared otherwise, "
                "or use another virtual host"
            ) from error
        raise BrokerUnavailable(f"RabbitMQ closed the channel: {error.reply_text}") from error
    except (AMQPError, OSError) as error:
        raise BrokerUnavailable(f"RabbitMQ does not answer: {error!r}") from error


def _parameters(url: str, name: str) -> pika.URLParameters:
    # The error shows neither the URL nor the parser's words about it: both may hold the password.
    refusal = ConfigurationError(
        "broker.url must read amqp://user:password@host:5672/vhost, or amqps:// for TLS; "
        "write special characters of the password as %XX"
    )
    if not url.startswith(("amqp://", "amqps://")):
        raise refusal
    try:
        parameters = pika.URLParameters(url)
    except (ValueError, TypeError, LookupError):
        raise refusal from None
    parameters.heartbeat = HEARTBEAT_S
    parameters.blocked_connection_timeout = BLOCKED_TIMEOUT_S
    parameters.socket_timeout = CONNECT_TIMEOUT_S
    parameters.stack_timeout = CONNECT_TIMEOUT_S
    parameters.connection_attempts = 1
    parameters.client_properties = {"connection_name": name}
    return parameters


def _count(headers: Mapping[str, Any], name: str) -> int:
    value = headers.get(name, 0)
    return max(0, value) if isinstance(value, int) else 0
