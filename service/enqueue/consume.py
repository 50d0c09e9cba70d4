"""The loop of every worker: receive, handle, and end the delivery as the handler's exception decides."""

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog

from service.enqueue.disposition import Disposition, disposition_of, reason_of
from service.enqueue.leasing import Leasing
from service.enqueue.port import Consumer, Delivery, Envelope
from service.enqueue.retry import RetryPolicy
from service.enqueue.traced import working
from service.errors import BrokerUnavailable, InvalidMessage, NewerMessage, Overtaken, Retryable
from service.storage.ledger.steps.fence import Fence, fence_of
from service.storage.ledger.tables.leases import Lease
from service.telemetry.health import LOOPS
from service.telemetry.metrics.working import WORK, in_hand
from service.telemetry.traces.tracing import TRACES

log = structlog.get_logger()

T = TypeVar("T")

RECEIVE_S = 0.5
"""How long one wait for a delivery takes, and so how soon an idle worker stops."""
BACK_OFF_S = 2.0
"""Pause after the broker or the ledger did not answer."""


Handle = Callable[[Envelope, Fence], None]
"""Does the work. It enters how that ended only where the fence says that the work is still ours."""


def consume(
    consumer: Consumer,
    handle: Handle,
    leasing: Leasing,
    policy: RetryPolicy,
    stop: threading.Event,
    on_dead: Callable[[Envelope, str], None],
) -> None:
    """Work until `stop` is set; a handler that runs then is let finish. Leaves the consumer open.

    `on_dead` is called with the reason before a message is set aside, perhaps more than once. Several
    threads may run this on one consumer.
    """
    loop = _Loop(handle, leasing, policy, stop, on_dead)
    with LOOPS.running(threading.current_thread().name) as turn:
        while not stop.is_set():
            turn()
            try:
                delivery = consumer.receive(RECEIVE_S)
            except BrokerUnavailable as error:
                log.warning("no deliveries", error=str(error), next_attempt_s=BACK_OFF_S)
                stop.wait(BACK_OFF_S)
                continue
            if delivery is not None:
                with working(delivery):
                    loop.work(delivery)


@dataclass(frozen=True, slots=True)
class _Loop:
    handle: Handle
    leasing: Leasing
    policy: RetryPolicy
    stop: threading.Event
    on_dead: Callable[[Envelope, str], None]

    def work(self, delivery: Delivery) -> None:
        """Take the lease, handle, and end both."""
        try:
            lease = self._until_done(lambda: self.leasing.take(delivery.envelope))
        except NewerMessage as error:
            _count(delivery, "newer")
            self._until_done(partial(delivery.retry, self.policy.delay_s(delivery.attempts), str(error)))
        except Overtaken:
            _count(delivery, "overtaken")
            self._until_done(delivery.ack)
        except InvalidMessage as error:
            self._set_aside(delivery, None, str(error))
        else:
            if lease is not None:
                self._work(delivery, lease)

    def _work(self, delivery: Delivery, lease: Lease) -> None:
        if reason := self.policy.why_not_begun(lease):
            self._set_aside(delivery, lease, reason)  # it is not let kill one more
            return
        error = self._error_of(delivery.envelope, fence_of(lease))
        if error is None or disposition_of(error) is Disposition.ACK:
            _count(delivery, "done" if error is None else "refused")
            self._until_done(lambda: self._end(delivery, lease))
        elif reason := self.policy.why_given_up(lease, error):
            self._set_aside(delivery, lease, reason)
        else:
            _count(delivery, "struck" if disposition_of(error) is Disposition.STRIKE else "retried")
            self._until_done(lambda: self._retry(delivery, lease, error))

    def _error_of(self, envelope: Envelope, fence: Fence) -> Exception | None:
        try:
            with in_hand(envelope.queue):
                self.handle(envelope, fence)
        except Exception as error:  # the loop's outermost edge: no message may end the worker
            _log_failure(envelope, error)
            return error
        return None

    def _end(self, delivery: Delivery, lease: Lease) -> None:
        self.leasing.end(lease)
        delivery.ack()

    def _retry(self, delivery: Delivery, lease: Lease, error: Exception) -> None:
        reason = reason_of(error)
        self.leasing.give_back(lease, reason, strike=disposition_of(error) is Disposition.STRIKE)
        delivery.retry(self.policy.delay_s(delivery.attempts), reason)

    def _set_aside(self, delivery: Delivery, lease: Lease | None, reason: str) -> None:
        _count(delivery, "dead_letter")
        log.error("dead letter", queue=delivery.envelope.queue, message_id=delivery.envelope.message_id)
        self._until_done(lambda: self._tell_and_set_aside(delivery, lease, reason))

    def _tell_and_set_aside(self, delivery: Delivery, lease: Lease | None, reason: str) -> None:
        if lease is not None and not self.leasing.bury(lease, reason):
            delivery.ack()  # whoever has begun it since decides about it, and has a message of his own
            return
        # In this order: a message that nobody tries again must never lack its reason in the ledger.
        self._tell(delivery.envelope, reason)
        delivery.dead_letter(reason)

    def _tell(self, envelope: Envelope, reason: str) -> None:
        try:
            self.on_dead(envelope, reason)
        except Retryable:
            raise
        except Exception as error:  # as above; the dead letter itself still carries the reason
            _log_failure(envelope, error)

    def _until_done(self, step: Callable[[], T]) -> T | None:
        """Repeat a step until broker and ledger take it. Given up on stop: the message is delivered again."""
        while True:
            try:
                return step()
            except NewerMessage:
                raise
            except Retryable as error:
                log.warning("delivery waits", error=type(error).__name__, next_attempt_s=BACK_OFF_S)
                if self.stop.wait(BACK_OFF_S):
                    return None


def _count(delivery: Delivery, outcome: str) -> None:
    WORK.labels(delivery.envelope.queue, outcome).inc()
    TRACES.current.set(outcome=outcome)


def _log_failure(envelope: Envelope, error: Exception) -> None:
    TRACES.failed(error)
    # The error's text may quote a dataset; where it was raised does not.
    where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log.warning(
        "handler failed",
        queue=envelope.queue,
        message_id=envelope.message_id,
        error=type(error).__name__,
        disposition=disposition_of(error).value,
        where=where,
    )
