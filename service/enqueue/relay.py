"""The relay: moves messages from the ledger's outbox to RabbitMQ.

A row is deleted only after RabbitMQ has confirmed its message, so a broker that is away loses nothing; a
relay that dies between the two publishes once more. Messages leave in the order in which they were
written; only one that failed, or a second relay at work, can bring a study's messages out of order.
"""

import threading
import time
from uuid import uuid4

import structlog

from service.enqueue.port import Broker, Envelope
from service.errors import PrereadError, Retryable
from service.storage.ledger import Ledger
from service.storage.outbox import OutboxRow

log = structlog.get_logger()

BATCH = 100
"""Messages per transaction: about 0.1 s of publishing, one confirm after the other."""
LEASE_S = 60.0
"""After which the batch of a relay that died is published by another."""
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
        self._declared: set[str] = set()
        self.trouble = ""
        """Why messages wait in the outbox; empty while they leave."""

    def run(self, stop: threading.Event) -> None:
        """Relay until stopped. An unreachable broker or ledger is waited for; other errors are raised."""
        while not stop.is_set():
            try:
                pause_s = 0.0 if self.relay_once() else POLL_S
                self.trouble = ""
            except Retryable as error:
                log.warning(
                    "messages wait in the outbox", error=type(error).__name__, next_attempt_s=BACK_OFF_S
                )
                self.trouble = str(error)
                pause_s = BACK_OFF_S
            stop.wait(pause_s)

    def relay_once(self) -> int:
        """Move one batch. Returns how many messages were moved.

        Raises BrokerUnavailable or LedgerUnavailable; then the messages are still in the outbox.
        """
        with self._ledger.begin() as tx:
            rows = tx.outbox.claim(None, BATCH, self._owner, time.time(), LEASE_S)
        if not rows:
            return 0
        ids = [row.id for row in rows]
        try:
            self._publish(rows)
        except PrereadError as error:
            self._declared.clear()  # a broker that was away may come back without its queues
            with self._ledger.begin() as tx:
                tx.outbox.release(ids, self._owner, time.time(), str(error))
            raise
        with self._ledger.begin() as tx:
            tx.outbox.delete(ids, self._owner)
        return len(rows)

    def _publish(self, rows: list[OutboxRow]) -> None:
        queues = {row.queue for row in rows} - self._declared
        self._broker.declare(sorted(queues))
        self._declared |= queues
        self._broker.publish([Envelope(row.message_id, row.queue, row.body) for row in rows])
