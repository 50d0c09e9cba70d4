"""The role `infer`: run classifiers on queued studies."""

import threading
from contextlib import ExitStack, closing

import structlog

from service.config import Settings
from service.enqueue.consume import consume
from service.infer.worker import Worker
from service.wiring.adapters import (
    inference_queues,
    open_broker,
    open_classifiers,
    open_ledger,
    open_store,
    retry_policy,
)

log = structlog.get_logger()


def run_infer(settings: Settings, stop: threading.Event) -> None:
    """Work on inference requests until `stop` is set, then finish the one in hand."""
    with ExitStack() as resources:
        classifiers = open_classifiers(settings, resources)
        ledger = resources.enter_context(closing(open_ledger(settings)))
        broker = resources.enter_context(closing(open_broker(settings, ledger)))
        worker = Worker(ledger, open_store(settings), classifiers, settings.infer.max_frames)
        queues = inference_queues(settings)
        if not queues:
            stop.wait()  # no rule names a classifier: nothing will ever be queued
            return
        consumer = resources.enter_context(closing(broker.consumer(queues, settings.broker.prefetch)))
        log.info("infer is ready", classifiers=list(classifiers))
        consume(
            consumer,
            lambda envelope: worker.handle(envelope.body),
            retry_policy(settings),
            stop,
            lambda envelope, reason: worker.give_up(envelope.body, reason),
        )
