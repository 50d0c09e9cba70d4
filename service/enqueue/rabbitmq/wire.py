"""What a message looks like on the wire to RabbitMQ."""

import json
import math
from collections.abc import Mapping
from typing import Any

import pika

from service.enqueue.port import Envelope
from service.errors import InvalidMessage

ATTEMPTS_HEADER = "x-preread-attempts"
"""Deliveries of earlier copies of a message."""
REASON_HEADER = "x-preread-reason"
"""Why the message was retried last or set aside."""
TRACEPARENT_HEADER = "traceparent"
"""Where in a trace the message was published (W3C Trace Context)."""
DELIVERY_COUNT_HEADER = "x-delivery-count"
"""Deliveries of this copy that nobody ended; counted by quorum queues."""

REASON_MAX_CHARACTERS = 4000
"""Headers must fit into one frame of 128 KiB."""


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
    return Envelope(properties.message_id, queue, decoded, traceparent_of(properties))


def persistent(
    message_id: str | None,
    attempts: int = 0,
    reason: str = "",
    delay_s: float | None = None,
    traceparent: str = "",
) -> pika.BasicProperties:
    """Properties of a message that outlives the broker. `attempts` were made on earlier copies of it.

    `delay_s` is how long it stays in a retry queue, where that is less than the queue's own time.
    """
    trace = {TRACEPARENT_HEADER: traceparent} if traceparent else {}
    return pika.BasicProperties(
        content_type="application/json",
        delivery_mode=pika.DeliveryMode.Persistent.value,
        message_id=message_id,
        expiration=None if delay_s is None else str(math.ceil(delay_s * 1000)),
        headers={ATTEMPTS_HEADER: attempts, REASON_HEADER: reason[:REASON_MAX_CHARACTERS], **trace},
    )


def traceparent_of(properties: pika.BasicProperties) -> str:
    """Where it was published; empty where that is not said."""
    value = (properties.headers or {}).get(TRACEPARENT_HEADER)
    return value if isinstance(value, str) else ""


def attempts_before(properties: pika.BasicProperties) -> int:
    """How often the message was delivered before this time: earlier copies, and this one."""
    headers = properties.headers or {}
    return _count(headers, ATTEMPTS_HEADER) + _count(headers, DELIVERY_COUNT_HEADER)


def _count(headers: Mapping[str, Any], name: str) -> int:
    value = headers.get(name, 0)
    return max(0, value) if isinstance(value, int) else 0
