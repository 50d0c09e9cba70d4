"""One process's way from a dataset to store and ledger, for tests of two contents under one UID."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from pydicom.dataset import Dataset

from service.accept.instance.receiver import InstanceReceiver
from service.accept.intake.journal_intake import JournalIntake
from service.accept.intake.port import DirectIntake, Intake
from service.accept.intake.settler import Settler
from service.accept.quarantine.conflicts import Entering
from service.config import AcceptSettings
from service.storage.journal.journal import Journal
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.storage.store.memory import MemoryStore, MemoryUpload
from service.storage.store.port import InstanceStore
from service.study.model import ReceivedInstance
from service.wiring.intake import SettledEntries
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded


class Killed(BaseException):
    """The process has ended, as by kill -9."""


class MortalStore(MemoryStore):
    """Ends the process at its change number `at`: before it, or with `after` behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.changes = 0
        self.at: int | None = None
        self.after = False

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Counted; an upload's commit comes here, too."""
        self._change(lambda: MemoryStore.put(self, key, data))

    def move(self, key: str, new_key: str) -> None:
        """Counted."""
        self._change(lambda: MemoryStore.move(self, key, new_key))

    def delete(self, key: str) -> None:
        """Counted."""
        self._change(lambda: MemoryStore.delete(self, key))

    def begin(self) -> MemoryUpload:
        """Its commit is counted."""
        return MemoryUpload(self)

    def _change(self, act: Callable[[], None]) -> None:
        self.changes += 1
        is_last = self.changes == self.at
        if is_last and not self.after:
            raise Killed
        act()
        if is_last:
            raise Killed


class Reception:
    """The store path of one process with a ledger; `folder` has the journal and the database."""

    def __init__(self, folder: Path, store: InstanceStore, policy: str, *, with_journal: bool) -> None:
        self.store = store
        self.ledger = Ledger(f"sqlite:///{folder / 'ledger.sqlite3'}")
        self._entries = SettledEntries(self.ledger, replace=policy == "replace")
        self._journal = Journal(folder / "journal", ready=2) if with_journal else None
        self._settler = Settler(self._journal, store, self._entries) if self._journal else None
        self.intake = self._intake(policy)
        self._receiver = InstanceReceiver(store, self.intake, AcceptSettings(min_free_bytes=0))

    def send(self, dataset: Dataset) -> int:
        """The status that is answered."""
        uid = dataset.SOPInstanceUID
        return self._receiver.receive(encoded(dataset), US_IMAGE, uid, EXPLICIT_VR_LE, "SCANNER")

    def settle(self) -> None:
        """Have everything in its place that can be."""
        if self._settler is not None:
            stop = threading.Event()
            stop.set()
            self._settler.run(stop)

    def entered(self, sop_instance_uid: str) -> ReceivedInstance | None:
        """What the ledger has under a UID."""
        with self.ledger.read() as tx:
            return tx.instances.find(sop_instance_uid)

    def end(self) -> None:
        """Leave everything as kill -9 does."""
        self.ledger.close()
        if self._journal is not None:
            for segment in [*self._journal._free, *self._journal._uses]:
                with suppress(OSError):
                    segment.close()
            os.close(self._journal._lock_file)

    def _intake(self, policy: str) -> Intake:
        if policy == "refuse":
            self.ledger.upgrade()
            return DirectIntake(partial(record_received, self.ledger))
        if self._journal is not None and self._settler is not None:
            return JournalIntake(self._journal, self._settler)
        return DirectIntake(Entering(self._entries, self.store).enter_one)


@contextmanager
def reception(folder: Path, store: InstanceStore, policy: str, *, with_journal: bool) -> Iterator[Reception]:
    """A process that ends as by kill -9."""
    process = Reception(folder, store, policy, with_journal=with_journal)
    try:
        yield process
    finally:
        process.end()


def quarantined(store: InstanceStore) -> list[bytes]:
    """The files in the quarantine."""
    return [store.get(key) for key in store.keys("quarantine/") if key.endswith(".dcm")]
