"""`make bench-relay`: how fast an outbox drains to RabbitMQ; writes build/results/relay.json."""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from rich.console import Console

from service.enqueue.port import Consumer
from service.enqueue.rabbitmq import Address, RabbitMQBroker
from service.enqueue.relay import Relay
from service.storage.ledger.ledger import Ledger
from service.study.messages import InferenceRequest
from service.study.model import Priority
from tests.benchmarks.harness.asked import benchmark_parser
from tests.benchmarks.harness.machine import wait_until_idle
from tests.benchmarks.harness.results import Result, show, write_results
from tests.servers.process import temporary_folder
from tests.servers.rabbitmq import RabbitMQ

ROUNDS, QUICK_ROUNDS = 5, 1
STUDIES, QUICK_STUDIES = 2000, 200
CLASSIFIERS = ("density", "us-mass")
URGENT_EVERY = 10
TIMEOUT_S = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show and write."""
    asked = benchmark_parser("bench-relay", __doc__, "few messages, one round, no waiting").parse_args(
        arguments
    )
    console = Console(width=None if sys.stdout.isatty() else 160)
    rounds, studies = (QUICK_ROUNDS, QUICK_STUDIES) if asked.quick else (ROUNDS, STUDIES)
    with temporary_folder("bench-relay") as folder:
        node = RabbitMQ(folder)
        try:
            node.start()
            if not asked.quick:
                wait_until_idle(console.log)
            results = _measure(node, folder, rounds, studies)
        finally:
            node.shut_down()
    write_results(asked.results / "relay.json", results)
    show(console, "From the outbox to RabbitMQ, and from there", results)
    return 0


def _measure(node: RabbitMQ, folder: Path, rounds: int, studies: int) -> list[Result]:
    drained, consumed = zip(*(_round(node, folder, studies) for _ in range(rounds)), strict=True)
    how = f"{studies} studies, {len(CLASSIFIERS)} messages each; median of {rounds}: "
    return [
        Result("outbox drained", statistics.median(drained), "messages/s", how + _range(drained)),
        Result("fetched and acked", statistics.median(consumed), "messages/s", how + _range(consumed)),
    ]


def _round(node: RabbitMQ, folder: Path, studies: int) -> tuple[float, float]:
    """Messages per second, from a ledger to queues of a new virtual host, and out of them."""
    virtual_host = f"bench-{uuid4().hex}"
    node.management("PUT", f"/api/vhosts/{virtual_host}")
    ledger = Ledger(f"sqlite:///{folder / virtual_host}.sqlite3")
    ledger.upgrade()
    queues = sorted({request.queue for request in _fill(ledger, studies)})
    with closing(ledger), closing(RabbitMQBroker(Address(node.url_of(virtual_host)))) as broker:
        broker.declare(queues)
        relay = Relay(ledger, broker)
        drained = _rate(relay.relay_once)
        with closing(broker.consumer(queues, prefetch=1)) as consumer:
            consumed = _rate(lambda: _take(consumer))
    node.management("DELETE", f"/api/vhosts/{virtual_host}")
    return drained, consumed


def _fill(ledger: Ledger, studies: int) -> list[InferenceRequest]:
    requests = [
        InferenceRequest(f"1.2.826.0.1.{number}", 1, classifier, _priority(number))
        for number in range(studies)
        for classifier in CLASSIFIERS
    ]
    with ledger.begin() as tx:
        for request in requests:
            tx.outbox.add(request)
    return requests


def _priority(number: int) -> Priority:
    return Priority.ROUTINE if number % URGENT_EVERY else Priority.URGENT


def _take(consumer: Consumer) -> int:
    delivery = consumer.receive(TIMEOUT_S)
    if delivery is None:
        return 0
    delivery.ack()
    return 1


def _rate(step: Callable[[], int]) -> float:
    """Messages per second until `step` moves none. The last, empty step does not count."""
    moved, began_s, ended_s = 0, time.perf_counter(), 0.0
    while count := step():
        moved += count
        ended_s = time.perf_counter()
    return moved / (ended_s - began_s)


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.0f} to {max(values):.0f}"


if __name__ == "__main__":
    sys.exit(main())
