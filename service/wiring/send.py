"""The role `send`: write result objects and deliver them, each destination on its own thread."""

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

from service.config import Settings
from service.enqueue.consume import consume
from service.enqueue.leasing import Leasing
from service.enqueue.port import Broker
from service.report.reporter import Reporter
from service.send.association import check_tls
from service.send.scu import send_instances
from service.send.sender import Sender
from service.study.messages import delivery_queue
from service.wiring.adapters import open_broker, open_ledger, open_store, retry_policy
from service.wiring.loops import start

Handle = Callable[[dict[str, Any]], None]
GiveUp = Callable[[dict[str, Any], str], None]


def run_send(settings: Settings, stop: threading.Event) -> None:
    """Report and deliver until `stop` is set, then finish what is in hand. Raises ConfigurationError."""
    for destination in settings.destinations:
        check_tls(destination)
    with ExitStack() as resources:
        ledger = resources.enter_context(closing(open_ledger(settings)))
        broker = resources.enter_context(closing(open_broker(settings, ledger)))
        store = open_store(settings)
        reporter = Reporter(ledger, store, settings.report)
        sender = Sender(
            ledger,
            store,
            {destination.name: destination for destination in settings.destinations},
            partial(send_instances, settings=settings.send),
        )
        work = partial(_work, settings, broker, Leasing(ledger), stop)
        threads = [start("report", partial(work, "report", reporter.handle, reporter.give_up), stop)]
        for destination in settings.destinations:
            queue = delivery_queue(destination.name)
            threads.append(start(queue, partial(work, queue, sender.handle, sender.give_up), stop))
        for thread in threads:
            thread.join()


def _work(
    settings: Settings,
    broker: Broker,
    leasing: Leasing,
    stop: threading.Event,
    queue: str,
    handle: Handle,
    give_up: GiveUp,
) -> None:
    with closing(broker.consumer([queue], settings.broker.prefetch)) as consumer:
        consume(
            consumer,
            lambda envelope, _fence: handle(envelope.body),
            leasing,
            retry_policy(settings),
            stop,
            lambda envelope, reason: give_up(envelope.body, reason),
        )
