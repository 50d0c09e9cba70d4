"""The role `infer`: run classifiers on queued studies, several at a time so that they share batches."""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial

import structlog

from service.config import Settings
from service.enqueue.consume import consume
from service.enqueue.leasing import Leasing
from service.enqueue.port import Broker, Envelope
from service.errors import EngineLost
from service.infer.worker import Worker
from service.storage.ledger.steps.fence import Fence
from service.study.messages import inference_queue
from service.study.model import Priority
from service.telemetry.health import BEGUN
from service.wiring.adapters import (
    check_queues,
    inference_queues,
    open_broker,
    open_ledger,
    open_store,
    own_classifier_names,
    retry_policy,
)
from service.wiring.classifiers import open_classifiers
from service.wiring.loops import start

log = structlog.get_logger()


def run_infer(settings: Settings, stop: threading.Event) -> None:
    """Work on inference requests until `stop` is set, then finish those in hand.

    Raises ConfigurationError where a classifier cannot be opened as configured, and EngineLost when a GPU has
    failed: this process cannot use it again, a new one may.
    """
    with ExitStack() as resources:
        classifiers = open_classifiers(settings, resources)
        ledger = resources.enter_context(closing(open_ledger(settings)))
        broker = resources.enter_context(closing(open_broker(settings, ledger)))
        count = settings.infer.decode_threads or os.cpu_count() or 1
        pools = {
            priority: resources.enter_context(ThreadPoolExecutor(count, f"read {priority}"))
            for priority in Priority
        }
        infer = settings.infer
        worker = Worker(
            ledger, open_store(settings), classifiers, pools, infer.max_frames, infer.frame_heatmaps
        )
        if not classifiers:
            BEGUN.tell()
            stop.wait()  # no rule names a classifier: nothing will ever be queued
            return
        check_queues(broker, inference_queues(own_classifier_names(settings)))
        BEGUN.tell()
        log.info("infer is ready", classifiers=list(classifiers))
        _Stations(settings, broker, Leasing(ledger), worker, stop).work()


class _Stations:
    """Threads that each have one study in hand."""

    def __init__(
        self, settings: Settings, broker: Broker, leasing: Leasing, worker: Worker, stop: threading.Event
    ) -> None:
        self._settings = settings
        self._leasing = leasing
        self._broker = broker
        self._worker = worker
        self._stop = stop
        self._lost: list[EngineLost] = []

    def work(self) -> None:
        """Work until `stop` is set. Raises EngineLost."""
        names = own_classifier_names(self._settings)
        urgent = [inference_queue(name, Priority.URGENT) for name in names]
        with ExitStack() as consumers:
            threads = [
                # One place is kept for urgent studies: routine ones may be long.
                *self._start(urgent, 1, consumers),
                *self._start(inference_queues(names), self._settings.infer.concurrent_studies, consumers),
            ]
            for thread in threads:
                thread.join()
        if self._lost:
            raise self._lost[0]

    def _start(self, queues: Sequence[str], count: int, consumers: ExitStack) -> list[threading.Thread]:
        consumer = consumers.enter_context(closing(self._broker.consumer(queues, prefetch=count)))
        work = partial(
            consume,
            consumer,
            self._handle,
            self._leasing,
            retry_policy(self._settings),
            self._stop,
            self._give_up,
        )
        return [start(f"study {number}", work, self._stop) for number in range(1, count + 1)]

    def _handle(self, envelope: Envelope, fence: Fence) -> None:
        try:
            self._worker.handle(envelope.body, fence)
        except EngineLost as error:
            self._lost.append(error)
            self._stop.set()
            raise

    def _give_up(self, envelope: Envelope, reason: str) -> None:
        self._worker.give_up(envelope.body, reason)
