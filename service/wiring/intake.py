"""How received instances are kept: through a journal on this machine, or directly."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from service.accept.intake.journal_intake import JournalIntake
from service.accept.intake.port import DirectIntake, Intake, Record
from service.accept.intake.settler import Settler
from service.accept.quarantine.conflicts import Entering
from service.config import Settings
from service.storage.journal.journal import Journal
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.conflicts import Displaced
from service.storage.ledger.steps.receive import record_all, record_received, unless_entered
from service.storage.store.port import InstanceStore
from service.study.model import ReceivedInstance
from service.telemetry.metrics.receiving import JOURNAL_FILL, JOURNAL_WAITING
from service.telemetry.metrics.scraped import Value, scraped
from service.telemetry.traces.arrivals import ARRIVALS

log = structlog.get_logger()


class SettledEntries:
    """The ledger as the intakes see it. With `replace`, the last content under a UID is entered."""

    def __init__(self, ledger: Ledger, *, replace: bool = False) -> None:
        self._ledger = ledger
        self._replace = replace

    def record(
        self, instances: Sequence[ReceivedInstance], explain: Callable[[Displaced], object]
    ) -> list[Displaced]:
        """Enter instances; those without a place, told to `explain` first. Raises LedgerUnavailable."""
        self._ledger.upgrade()  # not at the start: receiving begins while the database is away, too
        return record_all(self._ledger, instances, datetime.now(UTC), replace=self._replace, explain=explain)

    def unless_entered(self, instance: ReceivedInstance, act: Callable[[], object]) -> None:
        """Call `act` unless the instance is the one under its UID. Raises LedgerUnavailable."""
        self._ledger.upgrade()
        unless_entered(self._ledger, instance, act)

    def released(self, study_instance_uid: str) -> None:
        """An association with images of this study was released. Raises LedgerUnavailable."""
        with self._ledger.begin() as tx:
            tx.studies.association_released(study_instance_uid, datetime.now(UTC))
            study = tx.studies.find(study_instance_uid) if ARRIVALS.has(study_instance_uid) else None
        if study is not None:
            ARRIVALS.tell(study_instance_uid, study.revision)


@contextmanager
def open_intake(settings: Settings, ledger: Ledger, store: InstanceStore) -> Iterator[Intake]:
    """The intake that is chosen. At the end, what the journal holds is settled where that can be done now.

    Raises ConfigurationError where another process has the journal, StoreUnavailable, OutOfSpace.
    """
    entries = SettledEntries(ledger, replace=settings.accept.conflicting_instances == "replace")
    direct = DirectIntake(_record(settings, ledger, store, entries), entries.released)
    is_direct = settings.accept.durability == "direct"
    if is_direct:
        ledger.upgrade()
    if is_direct and not _folder(settings).exists():
        yield direct
        return
    journal = Journal(_folder(settings), settings.accept.journal_segments)
    for path in journal.damaged:
        log.error(
            "a record in the journal is damaged: check the disk (the file is kept, its other records count)",
            path=str(path),
        )
    settler = Settler(journal, store, entries)
    stop = threading.Event()
    thread = threading.Thread(target=settler.run, args=(stop,), name="settle")
    thread.start()
    try:
        # To refuse, the ledger has to be asked first. The journal then only settles what it holds, as it does
        # after a change to direct.
        refuses = settings.accept.conflicting_instances == "refuse"
        with scraped(partial(_journal_values, journal, settler)):
            yield direct if is_direct or refuses else JournalIntake(journal, settler)
    finally:
        stop.set()
        thread.join()
        journal.close()


def _journal_values(journal: Journal, settler: Settler) -> list[Value]:
    return [(JOURNAL_WAITING, (), settler.waiting), (JOURNAL_FILL, (), journal.fill)]


def _record(settings: Settings, ledger: Ledger, store: InstanceStore, entries: SettledEntries) -> Record:
    if settings.accept.conflicting_instances == "refuse":
        return partial(record_received, ledger)
    return Entering(entries, store).enter_one


def _folder(settings: Settings) -> Path:
    return settings.accept.journal_folder or settings.data_folder / "journal"
