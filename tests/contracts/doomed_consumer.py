"""A worker process that takes one message and waits to be killed: doomed_consumer KIND URL QUEUE LEASE_S."""

import sys
import time

from service.enqueue.embedded import EmbeddedBroker
from service.enqueue.port import Broker
from service.storage.ledger.ledger import Ledger


def main(kind: str, url: str, queue: str, lease_s: str) -> None:
    consumer = _broker(kind, url, float(lease_s)).consumer([queue], prefetch=10)
    while consumer.receive(1.0) is None:
        continue
    print("received", flush=True)
    time.sleep(3600)


def _broker(kind: str, url: str, lease_s: float) -> Broker:
    if kind == "embedded":
        return EmbeddedBroker(Ledger(url), lease_s)
    from service.enqueue.rabbitmq import Address, RabbitMQBroker

    return RabbitMQBroker(Address(url))


if __name__ == "__main__":
    main(*sys.argv[1:])
