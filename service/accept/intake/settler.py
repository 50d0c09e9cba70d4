"""What is in the journal gets its place: a file in the store, an entry in the ledger, and then it is done.

What fails for a time is tried again, in order, for as long as it takes. All steps may be done twice: after a
crash they are.
"""

import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import structlog
from blake3 import blake3

from service.accept.instance.entry import named
from service.accept.intake.journal_record import decoded
from service.accept.quarantine.conflicts import Entering, LedgerEntries
from service.errors import Retryable
from service.storage.journal.draft import Record
from service.storage.journal.journal import Journal
from service.storage.store.port import File, InstanceStore
from service.study.model import ReceivedInstance
from service.telemetry.health import LOOPS

log = structlog.get_logger()

GROUP = 64
"""Instances that share one transaction of the ledger."""
RETRY_AFTER_S = 1.0
IDLE_S = 0.2
PAUSE_S = 0.03
LONGEST_WAIT_S = 1.0
"""While instances come without a pause, a burst has processor and disk for itself - but not for longer, and
not beyond half of the journal that is ready."""


@dataclass(frozen=True, slots=True)
class _Item:
    """An instance to settle; without a record, the news that an association with images was released."""

    study_instance_uid: str
    record: Record | None = None


class Settler:
    """Settles what is added, on the thread that calls `run`."""

    def __init__(self, journal: Journal, store: InstanceStore, ledger: LedgerEntries) -> None:
        self._journal = journal
        self._store = store
        self._ledger = ledger
        self._entering = Entering(ledger, store)
        self._items: deque[_Item] = deque()
        self._added = threading.Event()
        self._trouble = ""
        self._singly = 0
        for record in journal.left_over:
            self._items.append(_Item("", record))

    @property
    def waiting(self) -> int:
        """Instances that are in the journal alone."""
        return len(self._items)

    @property
    def trouble(self) -> str:
        """Why the instances that wait cannot be settled at the moment; empty where nothing is wrong."""
        return self._trouble

    def add(self, record: Record, instance: ReceivedInstance) -> None:
        """An instance is in the journal. Any thread may call this."""
        self._items.append(_Item(instance.study_instance_uid, record))
        self._added.set()

    def released(self, study_instance_uid: str) -> None:
        """Pass it on once the instances before are entered. Any thread may call this."""
        self._items.append(_Item(study_instance_uid))
        self._added.set()

    def run(self, stop: threading.Event) -> None:
        """Settle until `stop` is set and nothing waits, or what waits cannot be settled now."""
        with LOOPS.running("settle") as turn:
            while not stop.is_set() or (self._items and not self._trouble):
                turn()
                self._added.clear()
                if self._items:
                    self._let_burst_pass(stop)
                    self._turn(stop)
                elif not self._prepare():
                    self._added.wait(IDLE_S)

    def settle(self) -> None:
        """Settle one group. Raises Retryable; then nothing of it is done, and it comes again."""
        group = self._next_group()
        records = [item.record for item in group if item.record is not None]
        if records:
            self._settle(records)
        elif group:
            self._ledger.released(group[0].study_instance_uid)
        for _ in group:
            self._items.popleft()
        self._singly = max(0, self._singly - len(group))
        for record in records:
            self._journal.done(record)

    def _let_burst_pass(self, stop: threading.Event) -> None:
        """Return once nothing has come for PAUSE_S, or enough has."""
        until = time.monotonic() + LONGEST_WAIT_S
        while time.monotonic() < until and not self._journal.is_half_used:
            count = len(self._items)
            # Not woken by each instance: that would take time from those who receive them.
            if stop.wait(PAUSE_S) or len(self._items) == count:
                return

    def _turn(self, stop: threading.Event) -> None:
        try:
            self.settle()
            self._say("")
        except Retryable as error:
            self._say(str(error))
            stop.wait(RETRY_AFTER_S)
        except Exception as error:  # outermost edge: one instance must not keep the others waiting
            where = traceback.extract_tb(error.__traceback__)[-1]
            log.error(
                "instance not settled", error=type(error).__name__, file=where.filename, line=where.lineno
            )
            self._isolate()

    def _next_group(self) -> list[_Item]:
        """Up to GROUP instances, or one piece of news."""
        group: list[_Item] = []
        for item in islice(self._items, 1 if self._singly else GROUP):
            if item.record is None:
                return group or [item]
            group.append(item)
        return group

    def _isolate(self) -> None:
        """Try the group one by one; what fails alone stays in the journal until the next start."""
        if self._singly or len(self._next_group()) == 1:
            item = self._items.popleft()
            log.error("instance stays in the journal", study_instance_uid=item.study_instance_uid)
            self._singly = max(0, self._singly - 1)
        else:
            self._singly = len(self._next_group())

    def _settle(self, records: Sequence[Record]) -> None:
        instances: list[ReceivedInstance] = []
        self._store.put_all(_files(records, instances))
        self._entering.enter(instances)

    def _prepare(self) -> bool:
        """Make the journal ready for a burst while there is nothing else to do."""
        try:
            return self._journal.prepare()
        except Retryable as error:
            self._say(str(error))
            return False

    def _say(self, trouble: str) -> None:
        """Log when trouble begins and when it ends."""
        if trouble and not self._trouble:
            log.error("received instances wait in the journal", waiting=self.waiting, reason=trouble)
        elif self._trouble and not trouble:
            log.info("the journal is settled again")
        self._trouble = trouble


def _files(records: Sequence[Record], instances: list[ReceivedInstance]) -> Iterator[File]:
    """The files that the store does not have yet, one after the other; `instances` gets all entries."""
    for record in records:
        entry, dataset = record.read()
        instance, head = decoded(entry)
        if dataset:
            instance = named(instance, blake3(dataset).hexdigest())
            yield instance.key, (head, dataset)
        instances.append(instance)
