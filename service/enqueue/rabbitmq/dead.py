"""Dead letters in RabbitMQ: fetched one by one without an ack, so that closing the channel puts them back."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from typing import Any

from pika.adapters.blocking_connection import BlockingChannel

from service.enqueue.port import DeadLetter, Envelope
from service.enqueue.rabbitmq.connection import Address, connect, translated
from service.enqueue.rabbitmq.topology import CRASH_LIMIT, dead_queue_name
from service.enqueue.rabbitmq.wire import ATTEMPTS_HEADER, REASON_HEADER, decode
from service.errors import InvalidMessage

LOOKS = 3
"""How often a dead letter is looked for: while another command lists them, the queue looks empty."""
LOOK_AGAIN_S = 0.5


def letters(address: Address, queue: str) -> list[DeadLetter]:
    """All of them, oldest first. Raises BrokerUnavailable."""
    with _channel(address) as channel:
        return [_dead_letter(queue, properties, body) for _, properties, body in _messages(channel, queue)]


def discard(address: Address, queue: str, message_id: str) -> bool:
    """Ack the one of this id. False where there is none. Raises BrokerUnavailable."""
    for look in range(LOOKS):
        if look:
            time.sleep(LOOK_AGAIN_S)
        with _channel(address) as channel:
            if _ack(channel, queue, message_id):
                return True
    return False


def _ack(channel: BlockingChannel, queue: str, message_id: str) -> bool:
    for tag, properties, body in _messages(channel, queue):
        if _id_of(properties, body) == message_id:
            channel.basic_ack(tag)
            return True
    return False


def _messages(channel: BlockingChannel, queue: str) -> Iterator[tuple[int, Any, bytes]]:
    """Delivery tag, properties and body of each message."""
    while True:
        method, properties, body = channel.basic_get(dead_queue_name(queue))
        if method is None:
            return
        yield method.delivery_tag, properties, body


@contextmanager
def _channel(address: Address) -> Iterator[BlockingChannel]:
    with translated(), closing(connect(address, "preread dead letters")) as connection:
        yield connection.channel()


def _dead_letter(queue: str, properties: Any, body: bytes) -> DeadLetter:
    headers = properties.headers or {}
    try:
        envelope = decode(queue, properties, body)
    except InvalidMessage:
        undecodable = {"undecodable": body.decode(errors="replace")}
        envelope = Envelope(_id_of(properties, body), queue, undecodable)
    if "x-death" in headers:  # set aside by RabbitMQ itself: our copies start with fresh headers
        return DeadLetter(envelope, CRASH_LIMIT, "the worker died on every delivery", by_broker=True)
    return DeadLetter(envelope, headers.get(ATTEMPTS_HEADER, 0), headers.get(REASON_HEADER, ""))


def _id_of(properties: Any, body: bytes) -> str:
    """The message's own id, or one made of its body where somebody published it without."""
    return properties.message_id or f"none-{sha256(body).hexdigest()[:12]}"
