"""A disk that fails, at every step in turn: what was acknowledged is there, whole, and nothing is half."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from service.accept.instance.receiver import InstanceReceiver
from service.accept.intake.journal_intake import JournalIntake
from service.accept.intake.port import DirectIntake
from service.accept.intake.settler import Settler
from service.config import AcceptSettings
from service.errors import PrereadError
from service.storage.journal.journal import Journal
from service.storage.store.filesystem import INCOMING, FilesystemStore
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, us_dataset
from tests.unit.accept.test_journal_intake import Entries

STEPS = ("open", "write", "pwrite", "pwritev", "posix_fallocate", "fdatasync", "fsync", "replace", "rename")
"""Calls of the operating system by which bytes and names get to the disk."""
UIDS = tuple(f"1.2.{number}" for number in range(1, 5))
DATASETS = {
    uid: encoded(us_dataset(SOPInstanceUID=uid, StudyInstanceUID="1.2", PixelData=bytes(size)))
    for uid, size in zip(UIDS, (1000, 1_500_000, 60_000, 200), strict=True)
}


class FailingDisk:
    """Lets `good` calls of the steps pass and fails the next one, or with `lasting` all that follow."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, good: int, code: int, *, lasting: bool) -> None:
        self.calls = 0
        self.has_failed = False
        self._good = good
        self._code = code
        self._lasting = lasting
        for step in STEPS:
            monkeypatch.setattr(os, step, self._guarded(getattr(os, step)))

    def _guarded(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls == self._good + 1 or (self._lasting and self.calls > self._good):
                self.has_failed = True
                raise OSError(self._code, os.strerror(self._code))
            return call(*arguments, **options)

        return guarded


class Service:
    """The store path of one process, on a folder. `crash` leaves it as kill -9 does."""

    def __init__(self, folder: Path, entries: Entries, *, with_journal: bool) -> None:
        self.store = FilesystemStore(folder / "store")
        self.entries = entries
        self.journal: Journal | None = None
        self.settler: Settler | None = None
        intake: DirectIntake | JournalIntake = DirectIntake(entries.record_one)
        if with_journal:
            self.journal = Journal(folder / "journal", ready=2)
            self.settler = Settler(self.journal, self.store, entries)
            intake = JournalIntake(self.journal, self.settler)
        self.receiver = InstanceReceiver(self.store, intake, AcceptSettings(min_free_bytes=0))

    def send(self, uid: str) -> int:
        return self.receiver.receive(DATASETS[uid], US_IMAGE, uid, EXPLICIT_VR_LE, "SCANNER")

    def settle(self) -> None:
        if self.settler is not None:
            stop = threading.Event()
            stop.set()
            self.settler.run(stop)

    def crash(self) -> None:
        if self.journal is not None:
            for segment in [*self.journal._free, *self.journal._uses]:
                with suppress(OSError):
                    segment.close()
            os.close(self.journal._lock_file)


@contextmanager
def started(folder: Path, entries: Entries, *, with_journal: bool) -> Iterator[Service]:
    service = Service(folder, entries, with_journal=with_journal)
    try:
        yield service
    finally:
        service.crash()


def run(folder: Path, entries: Entries, *, with_journal: bool) -> set[str]:
    """Send everything to one process, which settles in between and then crashes; what it acknowledged."""
    acknowledged = set()
    with started(folder, entries, with_journal=with_journal) as service:
        for uid in UIDS:
            if service.send(uid) == 0x0000:
                acknowledged.add(uid)
            with suppress(PrereadError):
                service.settle()
    return acknowledged


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("with_journal", [True, False], ids=["journal", "direct"])
def test_whatever_step_fails_nothing_acknowledged_is_lost_and_nothing_is_half(
    tmp_path: Path, with_journal: bool, code: int, lasting: bool
) -> None:
    good, outcomes = 0, set()
    while True:
        folder = tmp_path / str(good)
        entries = Entries()
        acknowledged: set[str] = set()
        with pytest.MonkeyPatch.context() as patch:
            disk = FailingDisk(patch, good, code, lasting=lasting)
            with suppress(PrereadError):
                acknowledged = run(folder, entries, with_journal=with_journal)
        with started(folder, entries, with_journal=with_journal) as service:
            service.settle()
            _check(service, acknowledged)
            assert [service.send(uid) for uid in UIDS] == [0x0000] * len(UIDS)
            service.settle()
            _check(service, set(UIDS))
        outcomes.add(len(acknowledged))
        if not disk.has_failed:
            break
        good += 1
    assert good > 20, "the steps were not met"
    assert len(outcomes) > 1, "no failure was ever answered"


def _check(service: Service, acknowledged: set[str]) -> None:
    """Every acknowledged instance is entered, and every file that can be read is whole."""
    assert acknowledged <= set(service.entries.entered)
    for uid, instance in service.entries.entered.items():
        assert service.store.get(instance.key).endswith(DATASETS[uid])
    for key in service.store.keys("instances/"):
        assert any(service.store.get(key).endswith(data) for data in DATASETS.values())
    assert not any(INCOMING in key for key in service.store.keys(""))
