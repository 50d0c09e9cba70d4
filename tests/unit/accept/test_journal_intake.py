"""Taking into the journal and settling: the contract of every intake, and what only the journal promises."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from service.accept.instance.receiver import InstanceReceiver
from service.accept.intake.journal_intake import JournalIntake
from service.accept.intake.port import DirectIntake, Intake
from service.accept.intake.settler import GROUP, Settler
from service.config import AcceptSettings
from service.errors import ConflictingInstance, LedgerUnavailable, OutOfSpace
from service.storage.journal.journal import Journal
from service.storage.ledger.steps.conflicts import Displaced
from service.storage.store.memory import MemoryStore
from service.study.model import ReceivedInstance
from tests.contracts.intake import IntakeContract
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, us_dataset


class Entries:
    """A ledger in memory. `failures` are raised by the next calls; `groups` holds what came together."""

    def __init__(self) -> None:
        self.entered: dict[str, ReceivedInstance] = {}
        self.failures: list[Exception] = []
        self.groups: list[list[str]] = []
        self.poison = ""

    def record(
        self, instances: Sequence[ReceivedInstance], explain: Callable[[Displaced], object]
    ) -> list[Displaced]:
        if self.failures:
            raise self.failures.pop(0)
        uids = [instance.sop_instance_uid for instance in instances]
        if self.poison in uids:
            raise ValueError("a value that the database refuses")
        self.groups.append(uids)
        kept = [self.entered.setdefault(one.sop_instance_uid, one) for one in instances]
        displaced = [
            Displaced(one, first, "the first one is kept")
            for one, first in zip(instances, kept, strict=True)
            if one.digest != first.digest
        ]
        for one in displaced:
            explain(one)
        return displaced

    def unless_entered(self, instance: ReceivedInstance, act: Callable[[], object]) -> None:
        kept = self.entered.get(instance.sop_instance_uid)
        if kept is None or kept.key != instance.key:
            act()

    def released(self, study_instance_uid: str) -> None:
        self.groups.append([f"released {study_instance_uid}"])

    def record_one(self, instance: ReceivedInstance) -> None:
        if self.record([instance], lambda displaced: None):
            raise ConflictingInstance("the first one is kept")


class Room:
    """A journal in a folder with the settler's other parts, as one process has them."""

    def __init__(
        self, folder: Path, store: MemoryStore | None = None, entries: Entries | None = None
    ) -> None:
        self.store = store or MemoryStore()
        self.entries = entries or Entries()
        self.journal = Journal(folder / "journal", ready=2)
        self.settler = Settler(self.journal, self.store, self.entries)
        self.intake = JournalIntake(self.journal, self.settler)
        self.receiver = InstanceReceiver(self.store, self.intake, AcceptSettings(min_free_bytes=0))

    def send(self, *sop_instance_uids: str) -> list[int]:
        return [
            self.receiver.receive(
                encoded(us_dataset(SOPInstanceUID=uid)), US_IMAGE, uid, EXPLICIT_VR_LE, "SCANNER"
            )
            for uid in sop_instance_uids
        ]

    def settle_all(self) -> None:
        stop = threading.Event()
        stop.set()
        self.settler.run(stop)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.journal.close()


class TestDirectIntake(IntakeContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()

    @pytest.fixture
    def ledger(self) -> Entries:
        return Entries()

    @pytest.fixture
    def intake(self, ledger: Entries) -> Intake:
        return DirectIntake(ledger.record_one)

    @pytest.fixture
    def entries(self, ledger: Entries) -> dict[str, ReceivedInstance]:
        return ledger.entered

    @pytest.fixture
    def settled(self) -> Callable[[], None]:
        return lambda: None


class TestJournalIntake(IntakeContract):
    @pytest.fixture
    def store(self, room: Room) -> MemoryStore:
        return room.store

    @pytest.fixture
    def intake(self, room: Room) -> Intake:
        return room.intake

    @pytest.fixture
    def entries(self, room: Room) -> dict[str, ReceivedInstance]:
        return room.entries.entered

    @pytest.fixture
    def settled(self, room: Room) -> Callable[[], None]:
        return room.settle_all


def test_success_needs_the_journal_only(room: Room) -> None:
    room.entries.failures = [LedgerUnavailable("the database is away")] * 3
    assert room.send("1.1", "1.2") == [0, 0]
    assert (room.settler.waiting, room.entries.entered) == (2, {})


def test_what_waits_is_entered_when_the_database_is_back(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.accept.intake.settler.RETRY_AFTER_S", 0.001)
    room.entries.failures = [LedgerUnavailable("the database is away"), OutOfSpace("the disk is full")]
    room.send("1.1", "1.2", "1.3")
    stop = threading.Event()
    with capture_logs() as logs:
        settling = threading.Thread(target=room.settler.run, args=(stop,))
        settling.start()
        while room.settler.waiting:
            stop.wait(0.001)
        stop.set()
        settling.join()
    assert list(room.entries.entered) == ["1.1", "1.2", "1.3"]
    events = [entry["event"] for entry in logs if "journal" in entry["event"]]
    assert events == ["received instances wait in the journal", "the journal is settled again"]


def test_after_a_crash_everything_acknowledged_is_settled(tmp_path: Path) -> None:
    before = Room(tmp_path)
    before.send("1.1", "1.2")
    before.settler.settle()
    before.send("1.3")
    for segment in [*before.journal._free, *before.journal._uses]:
        segment.close()
    __import__("os").close(before.journal._lock_file)

    after = Room(tmp_path, before.store, before.entries)
    after.settle_all()

    assert sorted(before.entries.entered) == ["1.1", "1.2", "1.3"]
    assert len(before.store.keys("instances/")) == 3
    assert before.store.keys("quarantine/") == []
    after.journal.close()
    assert Journal(tmp_path / "journal").left_over == []


def test_instances_share_a_transaction_up_to_a_bound(room: Room) -> None:
    uids = [f"1.{number}" for number in range(1, GROUP + 6)]
    room.send(*uids)
    room.settle_all()
    assert [len(group) for group in room.entries.groups] == [GROUP, 5]


def test_a_release_is_told_behind_the_instances_that_came_before_it(room: Room) -> None:
    room.send("1.1")
    room.intake.released("1.2.840")
    room.send("1.2")
    room.settle_all()
    assert room.entries.groups == [["1.1"], ["released 1.2.840"], ["1.2"]]


def test_an_instance_that_cannot_be_entered_keeps_no_other_waiting_and_stays_in_the_journal(
    room: Room, tmp_path: Path
) -> None:
    room.entries.poison = "1.2"
    room.send("1.1", "1.2", "1.3")
    with capture_logs() as logs:
        room.settle_all()
    assert sorted(room.entries.entered) == ["1.1", "1.3"]
    assert "instance stays in the journal" in [entry["event"] for entry in logs]
    room.journal.close()

    room.entries.poison = ""
    again = Room(tmp_path, room.store, room.entries)
    again.settle_all()
    assert sorted(room.entries.entered) == ["1.1", "1.2", "1.3"]
    room.journal = again.journal


def test_a_disk_that_cannot_flush_is_answered_as_out_of_resources(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    room.send("1.1")
    with monkeypatch.context() as patch:
        patch.setattr("os.fdatasync", fail)
        assert room.send("1.2") == [0xA700]
    assert room.send("1.2") == [0x0000]
    room.settle_all()
    assert sorted(room.entries.entered) == ["1.1", "1.2"]
