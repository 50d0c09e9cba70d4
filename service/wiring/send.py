"""The role `send`: write result objects and deliver them, each destination on threads of its own."""

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

from service.config import Settings
from service.enqueue.consume import consume
from service.enqueue.leasing import Leasing
from service.enqueue.port import Broker
from service.net.enter_commitment import enter_report
from service.report.assessor import Assessor
from service.report.reporter import Reporter
from service.send.links import Links, check_destination
from service.send.sender import Sender
from service.storage.ledger.steps.fence import Fence
from service.study.messages import delivery_queue
from service.telemetry.health import BEGUN
from service.wiring.adapters import (
    check_queues,
    open_broker,
    open_ledger,
    open_store,
    retry_policy,
    send_queues,
)
from service.wiring.kinds import check_kinds
from service.wiring.loops import start, start_repeating

IDLE_INTERVAL_S = 1.0
Handle = Callable[[dict[str, Any], Fence], None]
GiveUp = Callable[[dict[str, Any], str], None]


def run_send(settings: Settings, stop: threading.Event) -> None:
    """Report and deliver until `stop` is set, then finish what is in hand. Raises ConfigurationError."""
    for destination in settings.destinations:
        check_destination(destination)
    check_kinds(settings)
    with ExitStack() as resources:
        ledger = resources.enter_context(closing(open_ledger(settings)))
        broker = resources.enter_context(closing(open_broker(settings, ledger)))
        check_queues(broker, send_queues(settings))
        store = open_store(settings)
        links = resources.enter_context(
            closing(Links(settings.destinations, settings.send, partial(enter_report, ledger)))
        )
        reporter = Reporter(ledger, store, settings.report, settings.objects_of)
        assessor = Assessor(ledger, store, settings.report, settings.objects_of)
        sender = Sender(
            ledger,
            store,
            {destination.name: destination for destination in settings.destinations},
            links.open,
            settings.send.confirm_wait_s,
        )
        work = partial(_work, settings, broker, Leasing(ledger), stop)
        prefetch = settings.broker.prefetch
        threads = [
            start("report", partial(work, "report", reporter.handle, reporter.give_up, prefetch), stop),
            start("assessment", partial(work, "assessment", assessor.handle, assessor.give_up, 1), stop),
            start_repeating("idle associations", links.close_idle, IDLE_INTERVAL_S, stop),
        ]
        for destination in settings.destinations:
            queue = delivery_queue(destination.name)
            deliver = partial(work, queue, sender.handle, sender.give_up, 1)
            threads += [start(queue, deliver, stop) for _ in range(destination.max_associations)]
        BEGUN.tell()
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
    prefetch: int,
) -> None:
    with closing(broker.consumer([queue], prefetch)) as consumer:
        consume(
            consumer,
            lambda envelope, fence: handle(envelope.body, fence),
            leasing,
            retry_policy(settings),
            stop,
            lambda envelope, reason: give_up(envelope.body, reason),
        )
