"""Ledger and store compared: entries without bytes, bytes without an entry, bytes that are others."""

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from service.errors import DamagedFile, Refused, StoreUnavailable
from service.recover.stored import INSTANCES, read_instance
from service.recover.study_files import StudyFiles, batches
from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.questions.every_study import every_study
from service.storage.ledger.tables.studies import IMAGES_REMOVED
from service.storage.store.port import InstanceStore, Kept
from service.study.model import ReceivedInstance, Study

LISTED = 1000
SETTLES_WITHIN = timedelta(minutes=5)
"""A younger file may be on its way into the ledger."""


@dataclass(slots=True)
class Compared:
    """What was found. The lists name some; the counts are of all. Keys are those of the instance store."""

    studies: int = 0
    instances: int = 0
    read: int = 0
    """Instances whose digest was compared."""
    removed: int = 0
    """Instances whose bytes retention has removed."""
    missing_count: int = 0
    missing: list[str] = field(default_factory=list)
    """Entries of instances and result objects without bytes."""
    damaged_count: int = 0
    damaged: list[str] = field(default_factory=list)
    """Instances whose bytes are not those that were received, or cannot be read."""
    not_entered_count: int = 0
    not_entered: list[str] = field(default_factory=list)
    """Files of instances that the ledger does not know."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.missing_count or self.damaged_count or self.not_entered_count)

    def add(self, what: str, key: str) -> None:
        """Count one of `missing`, `damaged`, `not_entered`, and name it where not too many are."""
        setattr(self, f"{what}_count", getattr(self, f"{what}_count") + 1)
        named: list[str] = getattr(self, what)
        if len(named) < LISTED:
            named.append(key)

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        return asdict(self) | {"is_sound": self.is_sound}


class LedgerCheck:
    """Compares while the service runs. `share` of the instances are read whole, 0 to 1."""

    def __init__(
        self,
        ledger: Ledger,
        store: InstanceStore,
        share: float,
        max_inflated_bytes: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._share = share
        self._max_inflated_bytes = max_inflated_bytes
        self._now = now
        self.found = Compared()

    def run(self, tell: Callable[[Compared], object] = lambda found: None) -> Compared:
        """First what the ledger has, then what the store has. Raises LedgerUnavailable, StoreUnavailable."""
        for study in every_study(self._ledger):
            self._compare(study)
            tell(self.found)
        for batch in batches(self._store.walk(INSTANCES)):
            self._look_for_strangers(batch)
            tell(self.found)
        return self.found

    def _compare(self, study: Study) -> None:
        uid = study.study_instance_uid
        with self._ledger.read() as tx:
            instances, objects = tx.instances.of_study(uid), tx.deliveries.objects_of(uid)
            are_removed = _are_removed(tx, study)
        files = {one.key: one for one in self._store.walk(f"{INSTANCES}{uid}/")}
        self.found.studies += 1
        self.found.instances += len(instances)
        for instance in instances:
            kept = files.get(instance.key)
            if kept is not None:
                self._look_at(instance, kept)
            elif are_removed:
                self.found.removed += 1
            elif not self._store.exists(instance.key):  # it may have come since the files were listed
                self.found.add("missing", instance.key)
        for stored in objects:
            if not self._store.exists(stored.key):
                self.found.add("missing", stored.key)

    def _look_at(self, instance: ReceivedInstance, kept: Kept) -> None:
        if kept.size_bytes <= instance.size_bytes:  # the file has a head before the dataset
            self.found.add("damaged", instance.key)
        elif random.random() < self._share:  # noqa: S311 - a sample
            self.found.read += 1
            try:
                if read_instance(self._store, kept, self._max_inflated_bytes).digest != instance.digest:
                    raise DamagedFile(kept.key)
            except KeyError:
                return  # moved meanwhile
            except (Refused, StoreUnavailable):
                self.found.add("damaged", instance.key)

    def _look_for_strangers(self, batch: list[StudyFiles]) -> None:
        with self._ledger.read() as tx:
            known = tx.instances.keys_of([one.study_instance_uid for one in batch])
        before = self._now() - SETTLES_WITHIN
        for one in (kept for study in batch for kept in study.files):
            if one.key not in known and one.written_at < before:
                self.found.add("not_entered", one.key)


def _are_removed(tx: Transaction, study: Study) -> bool:
    history = tx.studies.history(study.study_instance_uid)
    return any(entry.event == IMAGES_REMOVED for entry in history)
