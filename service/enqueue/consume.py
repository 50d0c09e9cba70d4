"""The loop of every worker: receive, handle, and end the delivery as the handler's exception decides."""

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from service.enqueue.disposition import Disposition, disposition_of, reason_of
from service.enqueue.port import Consumer, Delivery, Envelope
from service.errors import BrokerUnavailable, Retryable

log = structlog.get_logger()

RECEIVE_S = 0.5
"""How long one wait for a delivery takes, and so how soon an idle worker stops."""
BACK_OFF_S = 2.0
"""Pause after the broker or the ledger did not answer."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how soon work is tried again."""

    delays_s: tuple[float, ...]
    """Seconds before each further attempt; the last one is repeated. At least one."""
    delivery_limit: int
    """Attempts after which work becomes a dead letter; 1 or more."""

    def delay_s(self, attempts: int) -> float:
        """Seconds to wait after the attempt of this number (from 1)."""
        return self.delays_s[min(attempts, len(self.delays_s)) - 1]


def consume(
    consumer: Consumer,
    handle: Callable[[Envelope], None],
    policy: RetryPolicy,
    stop: threading.Event,
    on_dead: Callable[[Envelope, str], None],
) -> None:
    """Work until `stop` is set; a handler that runs then is let finish. Leaves the consumer open.

    `on_dead` is called with the reason before a message is set aside, perhaps more than once. Several
    threads may run this on one consumer.
    """
    loop = _Loop(handle, policy, stop, on_dead)
    while not stop.is_set():
        try:
            delivery = consumer.receive(RECEIVE_S)
        except BrokerUnavailable as error:
            log.warning("no deliveries", error=str(error), next_attempt_s=BACK_OFF_S)
            stop.wait(BACK_OFF_S)
            continue
        if delivery is not None:
            loop.work(delivery)


@dataclass(frozen=True, slots=True)
class _Loop:
    handle: Callable[[Envelope], None]
    policy: RetryPolicy
    stop: threading.Event
    on_dead: Callable[[Envelope, str], None]

    def work(self, delivery: Delivery) -> None:
        """Handle a delivery and end it."""
        if delivery.attempts > self.policy.delivery_limit:
            # Earlier attempts would have ended it: every one of them died. It is not let kill one more.
            self._set_aside(delivery, f"its worker died or was stopped {delivery.attempts - 1} times")
            return
        error = self._error_of(delivery.envelope)
        disposition = disposition_of(error)
        if error is None or disposition is Disposition.ACK:
            self._until_done(delivery.ack)
        elif disposition is Disposition.RETRY and delivery.attempts < self.policy.delivery_limit:
            self._retry(delivery, error)
        else:
            self._set_aside(delivery, reason_of(error))

    def _error_of(self, envelope: Envelope) -> Exception | None:
        try:
            self.handle(envelope)
        except Exception as error:  # the loop's outermost edge: no message may end the worker
            _log_failure(envelope, error)
            return error
        return None

    def _retry(self, delivery: Delivery, error: Exception) -> None:
        delay_s = self.policy.delay_s(delivery.attempts)
        self._until_done(lambda: delivery.retry(delay_s, reason_of(error)))

    def _set_aside(self, delivery: Delivery, reason: str) -> None:
        log.error("dead letter", queue=delivery.envelope.queue, message_id=delivery.envelope.message_id)
        self._until_done(lambda: self._tell_and_set_aside(delivery, reason))

    def _tell_and_set_aside(self, delivery: Delivery, reason: str) -> None:
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

    def _until_done(self, step: Callable[[], None]) -> None:
        """Repeat a step until broker and ledger take it. Given up on stop: the message is delivered again."""
        while True:
            try:
                return step()
            except Retryable as error:
                log.warning("delivery not ended yet", error=type(error).__name__, next_attempt_s=BACK_OFF_S)
                if self.stop.wait(BACK_OFF_S):
                    return None


def _log_failure(envelope: Envelope, error: Exception) -> None:
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
