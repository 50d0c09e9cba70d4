"""The ledger made again from the instance store: every instance that is whole is entered as it was received.

Studies are entered some at a time, each with all that becomes of it in one transaction. So a run that is
killed leaves studies that are done and studies that are not there yet, and the next one goes on.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import fields
from datetime import UTC, datetime

from service.errors import ConfigurationError, Refused, StoreUnavailable
from service.recover.found import Fault, Found
from service.recover.settling import Rules, Settling
from service.recover.stored import INSTANCES, read_instance
from service.recover.study_files import StudyFiles, batches
from service.storage.ledger.ledger import Ledger
from service.storage.store.port import InstanceStore, Kept
from service.storage.store.report_records import records_of
from service.study.model import ReceivedInstance, StudyHeader

OBJECTS = "objects/"
SOURCE = "rebuild"
"""Of the notice that stands while the ledger is being made again: a run after one that was killed goes on."""
NOTICE = (
    "the ledger is being made again from the store: studies are missing until `preread ledger rebuild` "
    "has ended"
)
UNREAD_IN_A_ROW = 5
"""Files that cannot be read: then it is the store that is away, not a file that is damaged."""

Enter = Callable[[Sequence[ReceivedInstance], Settling], int]
"""Enters instances, with `look` before and `settle` after them in one transaction. Returns how many went to
the quarantine. Raises LedgerUnavailable, StoreUnavailable, OutOfSpace.
"""
HeaderOf = Callable[[Sequence[ReceivedInstance]], StudyHeader]
"""Patient and study attributes of a study, from some of its instances."""


class Rebuild:
    """One run. `dry` changes nothing and counts what would be entered."""

    def __init__(
        self,
        ledger: Ledger,
        store: InstanceStore,
        enter: Enter,
        header_of: HeaderOf,
        readers: Executor,
        rules: Rules,
        max_inflated_bytes: int,
        *,
        dry: bool = False,
    ) -> None:
        """`readers`: threads that read and hash files."""
        self._ledger = ledger
        self._store = store
        self._enter = enter
        self._header_of = header_of
        self._readers = readers
        self._rules = rules
        self._max_inflated_bytes = max_inflated_bytes
        self._dry = dry
        self._unread_in_a_row = 0
        self.found = Found()

    def begin(self, *, adds_missing: bool) -> None:
        """Raises ConfigurationError for a ledger that has studies, unless they are of a run that was killed,
        or what is missing among them is to be added.
        """
        with self._ledger.begin() as tx:
            is_resumed = any(one.source == SOURCE for one in tx.notices.all())
            if tx.studies.latest(1) and not is_resumed and not adds_missing:
                raise ConfigurationError(
                    "the ledger has studies, so it is not lost: --add-missing enters what it lacks, such as "
                    "after a backup was restored; to make it anew, give ledger.url an empty database"
                )
            if not self._dry:
                tx.notices.put(SOURCE, NOTICE, datetime.now(UTC))

    def run(self, tell: Callable[[Found], object] = lambda found: None) -> Found:
        """Look at every file, and end the notice. `tell` hears how far it has come. Raises as `Enter`."""
        for batch in batches(self._store.walk(INSTANCES)):
            self._batch(batch)
            tell(self.found)
        self._count_results_only()
        if not self._dry:
            with self._ledger.begin() as tx:
                tx.notices.clear(SOURCE)
        return self.found

    def _batch(self, batch: Sequence[StudyFiles]) -> None:
        uids = [one.study_instance_uid for one in batch]
        with self._ledger.read() as tx:
            known = tx.instances.keys_of(uids)
            studies = {one.study_instance_uid for one in tx.studies.named(uids)}
        files = [kept for one in batch for kept in one.files]
        unknown = [kept for kept in files if kept.key not in known]
        instances = self._read(unknown)
        self.found.instances_known += len(files) - len(unknown)
        if self._dry:
            self._count(batch, instances, studies)
            return
        by_study: dict[str, list[ReceivedInstance]] = {}
        for instance in sorted(instances, key=lambda one: (one.received_at, one.sop_instance_uid)):
            by_study.setdefault(instance.study_instance_uid, []).append(instance)
        settling = Settling(
            self._rules,
            batch,
            {uid: tuple(records_of(self._store, uid)) for uid in uids if uid},
            {
                uid: self._header_of(_one_of_each_series(by_study[uid]))
                for uid in by_study
                if uid not in studies
            },
        )
        ordered = [instance for of_study in by_study.values() for instance in of_study]
        self.found.instances_quarantined += self._enter(ordered, settling)
        self.found.instances_entered += len(ordered)
        _add(self.found, settling.found)

    def _read(self, files: Sequence[Kept]) -> list[ReceivedInstance]:
        """The instances in those files that are whole; the others are told."""
        instances = []
        for one in self._readers.map(self._read_one, files):
            is_unread = isinstance(one, Fault) and one.is_unread
            self._unread_in_a_row = self._unread_in_a_row + 1 if is_unread else 0
            if isinstance(one, Fault):
                self.found.add_fault(one)
            elif one is not None:
                instances.append(one)
            if isinstance(one, Fault) and self._unread_in_a_row >= UNREAD_IN_A_ROW:
                raise StoreUnavailable(
                    f"{UNREAD_IN_A_ROW} files in a row cannot be read, the last one: {one.reason}; then "
                    "start the command again, it goes on where it was"
                )
        return instances

    def _read_one(self, kept: Kept) -> ReceivedInstance | Fault | None:
        try:
            return read_instance(self._store, kept, self._max_inflated_bytes)
        except KeyError:
            return None  # moved or removed since it was listed
        except Refused as error:
            return Fault(kept.key, str(error))
        except StoreUnavailable as error:
            return Fault(kept.key, str(error), is_unread=True)

    def _count(
        self, batch: Sequence[StudyFiles], instances: Sequence[ReceivedInstance], known: set[str]
    ) -> None:
        """What `_batch` would do with studies that are not in the ledger."""
        found, whole = self.found, {one.study_instance_uid for one in instances}
        found.instances_entered += len(instances)
        for one in batch:
            if one.study_instance_uid in known:
                found.studies += 1
            elif one.study_instance_uid in whole:
                found.studies += 1
                is_new = one.newest_at >= self._rules.since
                found.analysed_again += is_new
                found.kept += not is_new
                has_report = is_new or any(records_of(self._store, one.study_instance_uid))
                found.kept_without_report += not has_report

    def _count_results_only(self) -> None:
        for batch in batches(self._store.walk(OBJECTS)):
            for one in batch:
                folder = f"{INSTANCES}{one.study_instance_uid}/"
                self.found.results_only += next(iter(self._store.walk(folder)), None) is None


def _one_of_each_series(instances: Sequence[ReceivedInstance]) -> list[ReceivedInstance]:
    return list({one.series_instance_uid: one for one in reversed(instances)}.values())


def _add(total: Found, part: Found) -> None:
    for name in (field.name for field in fields(Found) if field.name != "faults"):
        setattr(total, name, getattr(total, name) + getattr(part, name))
