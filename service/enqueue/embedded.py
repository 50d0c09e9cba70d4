"""The embedded broker: the outbox's own rows are the queue, in SQLite or PostgreSQL. No server, no relay.

A delivery is a leased row. The consumer renews its leases while it lives; a dead consumer's leases run out,
and its messages are delivered again.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import structlog

from service.enqueue.fairness import Turns
from service.enqueue.port import DeadLetter, Envelope, spread
from service.errors import BrokerUnavailable, LedgerUnavailable
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.outbox import Outbox, OutboxRow

log = structlog.get_logger()

POLL_S = 0.15
"""How often an idle consumer looks for messages of other processes. A look costs well under a millisecond."""
RENEWALS_PER_LEASE = 3
"""Two renewals may fail before a lease runs out."""


class EmbeddedBroker:
    """The broker port over the ledger. Safe to share between threads; processes share the database.

    No delivery is retried with a longer delay than `longest_delay_s`.
    """

    def __init__(self, ledger: Ledger, lease_s: float, longest_delay_s: float = math.inf) -> None:
        self.ledger = ledger
        self._lease_s = lease_s
        self._longest_delay_s = longest_delay_s
        self._news = threading.Condition()

    def declare(self, queues: Sequence[str]) -> None:
        """Nothing to do: a queue is a value in a column."""

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Enter the messages in one transaction; one that is there already is left as it is."""
        with _outbox(self.ledger) as outbox:
            for envelope in envelopes:
                outbox.insert(envelope.message_id, envelope.queue, envelope.body)
        with self._news:
            self._news.notify_all()

    def consumer(self, queues: Sequence[str], prefetch: int) -> "EmbeddedConsumer":
        """A consumer of the queues."""
        return EmbeddedConsumer(
            self.ledger, queues, prefetch, self._lease_s, self._longest_delay_s, self._news
        )

    def dead_letters(self, queue: str) -> list[DeadLetter]:
        """What was set aside from the queue, oldest first."""
        with _translated(), self.ledger.read() as tx:
            return [DeadLetter(_envelope(row), row.attempts, row.reason) for row in tx.outbox.dead(queue)]

    def discard(self, queue: str, message_id: str) -> bool:
        """Delete the dead letter's row. False where it is not there."""
        with _outbox(self.ledger) as outbox:
            return outbox.discard(queue, message_id)

    def close(self) -> None:
        """Nothing to do: the ledger belongs to whoever opened it."""


class EmbeddedConsumer:
    """Leases messages one by one. Several threads may receive from it."""

    def __init__(
        self,
        ledger: Ledger,
        queues: Sequence[str],
        prefetch: int,
        lease_s: float,
        longest_delay_s: float,
        news: threading.Condition,
    ) -> None:
        self._ledger = ledger
        self._turns = Turns(queues)
        self._prefetch = prefetch
        self._lease_s = lease_s
        self._longest_delay_s = longest_delay_s
        self._news = news
        self._owner = str(uuid4())
        self._held: set[int] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._renewer = threading.Thread(target=self._renew_leases, name="lease renewal", daemon=True)
        self._renewer.start()

    def receive(self, timeout_s: float) -> "EmbeddedDelivery | None":
        """The next delivery, earlier-named queues first but for every fifth (see fairness)."""
        deadline = time.monotonic() + timeout_s
        while True:
            delivery = self._claim()
            left_s = deadline - time.monotonic()
            if delivery is not None or left_s <= 0:
                return delivery
            with self._news:
                self._news.wait(min(left_s, POLL_S))

    def close(self) -> None:
        """Give the leases back, so that another consumer need not wait for them to run out."""
        self._closed.set()
        self._renewer.join()
        with self._lock:
            held = sorted(self._held)
            self._held.clear()
        with _outbox(self._ledger) as outbox:
            outbox.release(held, self._owner, time.time(), "its worker stopped before the work was done")

    def end(self, row_id: int, change: Callable[[Outbox, str], None]) -> None:
        """Change the row of a delivery for the last time. Raises BrokerUnavailable; then it is still held."""
        with _outbox(self._ledger) as outbox:
            change(outbox, self._owner)
        with self._lock:
            self._held.discard(row_id)
        with self._news:
            self._news.notify_all()

    def _claim(self) -> "EmbeddedDelivery | None":
        with self._lock:
            if self._closed.is_set() or len(self._held) >= self._prefetch:
                return None
            with _outbox(self._ledger) as outbox:
                rows = outbox.claim(
                    self._turns.order(), 1, self._owner, time.time(), self._lease_s, self._longest_delay_s
                )
            if not rows:
                return None
            self._turns.taken()
            self._held.add(rows[0].id)
            return EmbeddedDelivery(self, rows[0])

    def _renew_leases(self) -> None:
        while not self._closed.wait(self._lease_s / RENEWALS_PER_LEASE):
            with self._lock:
                held = sorted(self._held)
            if not held:
                continue
            try:
                with _outbox(self._ledger) as outbox:
                    outbox.renew(held, self._owner, time.time() + self._lease_s)
            except BrokerUnavailable:
                log.warning("leases not renewed; other workers may repeat this work", held=len(held))


class EmbeddedDelivery:
    """A leased row. Once the lease is another's, ending it changes nothing."""

    def __init__(self, consumer: EmbeddedConsumer, row: OutboxRow) -> None:
        self._consumer = consumer
        self._row = row
        self._lock = threading.Lock()
        self._ended = False

    @property
    def envelope(self) -> Envelope:
        """The message."""
        return _envelope(self._row)

    @property
    def attempts(self) -> int:
        """How often it was leased, this time included."""
        return self._row.attempts

    def ack(self) -> None:
        """Delete the row."""
        self._end(lambda outbox, owner: outbox.delete([self._row.id], owner))

    def retry(self, delay_s: float, reason: str) -> None:
        """Give the row back, due after the delay."""
        due_s = time.time() + spread(delay_s)
        self._end(lambda outbox, owner: outbox.release([self._row.id], owner, due_s, reason))

    def dead_letter(self, reason: str) -> None:
        """Mark the row."""
        self._end(lambda outbox, owner: outbox.bury([self._row.id], owner, reason))

    def _end(self, change: Callable[[Outbox, str], None]) -> None:
        with self._lock:
            if not self._ended:
                self._consumer.end(self._row.id, change)
                self._ended = True


def _envelope(row: OutboxRow) -> Envelope:
    return Envelope(row.message_id, row.queue, row.body)


@contextmanager
def _outbox(ledger: Ledger) -> Iterator[Outbox]:
    with _translated(), ledger.begin() as tx:
        yield tx.outbox


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except LedgerUnavailable as error:
        raise BrokerUnavailable(f"the embedded broker lives in the ledger: {error}") from error
