"""The relay: moves messages from the ledger's outbox to RabbitMQ.

A row is deleted only after RabbitMQ has confirmed its message, so a broker that is away loses nothing; a
relay that dies between the two publishes once more. Urgent messages leave first, the others in the order in
which they were written; only one that failed, or a second relay at work, can bring a study's messages out of
order.
"""

import threading
import time
from uuid import uuid4

import structlog

from service.enqueue.port import Broker, Envelope, NotPublished
from service.enqueue.traced import publishing
from service.errors import Retryable
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.outbox import OutboxRow
from service.telemetry.health import LOOPS

log = structlog.get_logger()

BATCH = 500
"""Messages per transaction. They leave together: an outbox drains as fast as RabbitMQ takes it."""
LEASE_S = 60.0
"""After which the batch of a relay that was killed is published by another; publishing takes less."""
POLL_S = 0.2
"""How often an empty outbox is looked at."""
BACK_OFF_S = 2.0
"""Pause after a failure."""


class Relay:
    """Several relays may work on one outbox: each row is leased by one of them."""

    def __init__(self, ledger: Ledger, broker: Broker) -> None:
        self._ledger = ledger
        self._broker = broker
        self._owner = str(uuid4())
        self.trouble = ""
        """Why messages wait in the outbox; empty while they leave."""

    def run(self, stop: threading.Event) -> None:
        """Relay until stopped. An unreachable broker or ledger is waited for; other errors are raised."""
        with LOOPS.running("relay") as turn:
            while not stop.is_set():
                turn()
                stop.wait(self._turn())

    def _turn(self) -> float:
        """Relay once; how long to pause then, in seconds."""
        try:
            pause_s = 0.0 if self.relay_once() else POLL_S
        except Retryable as error:
            log.warning("messages wait in the outbox", error=type(error).__name__, next_attempt_s=BACK_OFF_S)
            self.trouble = str(error)
            return BACK_OFF_S
        self.trouble = ""
        return pause_s

    def relay_once(self) -> int:
        """Move one batch. Returns how many messages were moved.

        Raises BrokerUnavailable or LedgerUnavailable when none was; then they are still in the outbox. Those
        that RabbitMQ did not take among others that it took are tried again after a pause.
        """
        with self._ledger.begin() as tx:
            rows = tx.outbox.claim(None, BATCH, self._owner, time.time(), LEASE_S)
        if not rows:
            return 0
        try:
            self._publish(rows)
        except NotPublished as error:
            return self._settle(rows, error)
        except Exception as error:  # whatever it is: another relay need not wait for the lease to end
            self._give_back([row.id for row in rows], time.time(), str(error))
            raise
        with self._ledger.begin() as tx:
            tx.outbox.delete([row.id for row in rows], self._owner)
        return len(rows)

    def _publish(self, rows: list[OutboxRow]) -> None:
        self._broker.declare(sorted({row.queue for row in rows}))
        with publishing([Envelope(row.message_id, row.queue, row.body) for row in rows]) as envelopes:
            self._broker.publish(envelopes)

    def _settle(self, rows: list[OutboxRow], error: NotPublished) -> int:
        """Some were taken: forget those, and keep the others for later."""
        taken = [row.id for row in rows if row.message_id not in error.reasons]
        left = [row.id for row in rows if row.message_id in error.reasons]
        self._give_back(left, time.time() + (BACK_OFF_S if taken else 0.0), str(error))
        if not taken:
            raise error
        with self._ledger.begin() as tx:
            tx.outbox.delete(taken, self._owner)
        log.warning("RabbitMQ did not take all messages", left=len(left), next_attempt_s=BACK_OFF_S)
        return len(taken)

    def _give_back(self, ids: list[int], available_at_s: float, reason: str) -> None:
        with self._ledger.begin() as tx:
            tx.outbox.release(ids, self._owner, available_at_s, reason)
