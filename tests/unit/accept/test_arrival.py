"""Datasets that stream into the store: what is refused moves, what fails leaves nothing, nothing is held."""

import errno
import os
from pathlib import Path

import pytest

from service.accept.instance.arrival import Arrival
from service.accept.instance.request import StoreRequest
from service.errors import LedgerUnavailable, OutOfSpace
from service.storage.store.filesystem import INCOMING, FilesystemStore
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, us_dataset
from tests.unit.accept.doubles import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(store=FilesystemStore(tmp_path))


def begin(desk: Desk, sop_instance_uid: str = "1.2.3") -> Arrival:
    return desk.receiver.begin(StoreRequest(US_IMAGE, sop_instance_uid, EXPLICIT_VR_LE, "SCANNER"))


def test_dataset_in_pieces_is_kept_as_one(desk: Desk) -> None:
    dataset = us_dataset(PixelData=bytes(10_000))
    data = encoded(dataset)
    arrival = begin(desk, dataset.SOPInstanceUID)
    for at in range(0, len(data), 333):
        arrival.write(memoryview(data)[at : at + 333])
    assert desk.receiver.finish(arrival) == 0x0000
    (instance,) = desk.ledger.instances.values()
    assert desk.store.get(instance.key).endswith(data)
    assert instance.size_bytes == len(data)


def test_conflicting_instance_moves_to_the_quarantine_unread(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = us_dataset()
    uids = {name: first[name].value for name in ("SOPInstanceUID", "StudyInstanceUID")}
    assert desk.receive(first) == 0x0000
    (kept,) = desk.store.keys("instances/")
    monkeypatch.setattr(FilesystemStore, "open", _must_not_happen)
    assert desk.receive(us_dataset(**uids, Rows=5)) == 0x0111
    monkeypatch.undo()
    assert desk.store.keys("instances/") == [kept]
    assert [key.endswith(".dcm") for key in desk.store.keys("quarantine/")] == [True, False]


def test_conflicting_instance_is_deleted_where_the_quarantine_is_full(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = us_dataset()
    uids = {name: first[name].value for name in ("SOPInstanceUID", "StudyInstanceUID")}
    desk.receive(first)
    (kept,) = desk.store.keys("")
    monkeypatch.setattr(FilesystemStore, "move", _full)
    assert desk.receive(us_dataset(**uids, Rows=5)) == 0x0111
    assert desk.store.keys("") == [kept]


@pytest.mark.parametrize("step", ["write", "fdatasync", "fsync", "open"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_disk_that_fails_is_out_of_resources_and_never_success(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    dataset = us_dataset()
    with monkeypatch.context() as patch:
        patch.setattr(os, step, _failing(number))
        assert desk.receive(dataset) == 0xA700
    assert desk.ledger.instances == {}
    assert list((tmp_path / INCOMING).iterdir()) == []
    assert desk.receive(dataset) == 0x0000


def test_file_stays_when_the_ledger_does_not_answer_for_the_entry_may_have_been_made(desk: Desk) -> None:
    desk.ledger.failure = LedgerUnavailable("the database is away")
    assert desk.receive() == 0xA700
    assert len(desk.store.keys("instances/")) == 1


def test_what_follows_a_failure_is_forgotten(desk: Desk, tmp_path: Path) -> None:
    desk = Desk(store=desk.store, max_instance_bytes=1024)
    arrival = begin(desk)
    arrival.write(encoded(us_dataset()))
    for _ in range(5):
        arrival.write(bytes(1000))
        assert arrival.size_bytes <= 2024
    assert list((tmp_path / INCOMING).iterdir()) == []
    assert desk.receiver.finish(arrival) == 0xA700
    assert desk.store.keys("") == []


def _failing(number: int) -> object:
    def fail(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def _full(*_arguments: object) -> None:
    raise OutOfSpace("full")


def _must_not_happen(*_arguments: object) -> bytes:
    raise AssertionError("an instance was read into memory")
