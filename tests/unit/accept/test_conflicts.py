"""Other bytes under a known SOP Instance UID: each policy, on both intakes, and killed at every step."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from structlog.testing import capture_logs

from service.errors import LedgerUnavailable, StoreUnavailable
from service.storage.journal.draft import CONTENT_BYTES
from service.storage.ledger.ledger import Ledger
from service.study.state import StudyEvent, StudyState
from tests.fakes.datasets import encoded, us_dataset
from tests.unit.accept.reception import Killed, MortalStore, Reception, quarantined, reception

SMALL, LARGE = 1000, CONTENT_BYTES + 1000
"""Bytes of pixels: in the journal's records, and beside them."""


def versions(size: int = SMALL) -> tuple[Dataset, Dataset]:
    """Two datasets under one UID."""
    first = us_dataset(PixelData=bytes(size))
    uids = {name: first[name].value for name in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")}
    return first, us_dataset(**uids, Rows=5, PixelData=bytes(size))


@pytest.fixture
def store() -> MortalStore:
    return MortalStore()


@pytest.fixture(params=[True, False], ids=["journal", "direct"])
def with_journal(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def keeping(tmp_path: Path, store: MortalStore, with_journal: bool) -> Iterator[Reception]:
    with reception(tmp_path, store, "keep_first", with_journal=with_journal) as process:
        yield process


@pytest.fixture
def replacing(tmp_path: Path, store: MortalStore, with_journal: bool) -> Iterator[Reception]:
    with reception(tmp_path, store, "replace", with_journal=with_journal) as process:
        yield process


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_keep_first_answers_success_and_quarantines_the_second(keeping: Reception, size: int) -> None:
    first, second = versions(size)
    with capture_logs() as logs:
        assert [keeping.send(one) for one in (first, second, second)] == [0, 0, 0]
        keeping.settle()
    assert_entered(keeping, first)
    (file,) = quarantined(keeping.store)
    assert file.endswith(encoded(second))
    assert {log["event"] for log in logs if log["log_level"] == "warning"} == {"instance quarantined"}


def test_keep_first_tells_the_study(keeping: Reception) -> None:
    first, second = versions()
    for one in (first, second, second):
        keeping.send(one)
        keeping.settle()
    with keeping.ledger.read() as tx:
        study, history = tx.studies.find(first.StudyInstanceUID), tx.studies.history(first.StudyInstanceUID)
    assert study is not None
    assert (study.revision, study.instance_count) == (1, 1)
    reasons = [entry.reason for entry in history if entry.event == "image_quarantined"]
    assert len(reasons) == 1
    assert "1 image was quarantined: other content under a known UID" in reasons[0]


def test_reason_says_what_was_answered_and_names_both_uids(keeping: Reception) -> None:
    first, second = versions()
    for one in (first, second):
        keeping.send(one)
    keeping.settle()
    (key,) = [key for key in keeping.store.keys("quarantine/") if key.endswith(".json")]
    reason = json.loads(keeping.store.get(key))
    assert (reason["error"], reason["status"]) == ("ConflictingInstance", "0x0000")
    assert reason["instance"]["study_instance_uid"] == first.StudyInstanceUID
    assert reason["calling_ae_title"] == "SCANNER"


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_replace_enters_the_second_and_quarantines_the_first(replacing: Reception, size: int) -> None:
    first, second = versions(size)
    replacing.send(first)
    replacing.settle()
    assemble(replacing.ledger, first)
    assert replacing.send(second) == 0
    replacing.settle()
    assert_entered(replacing, second)
    (file,) = quarantined(replacing.store)
    assert file.endswith(encoded(first))
    with replacing.ledger.read() as tx:
        study, history = tx.studies.find(first.StudyInstanceUID), tx.studies.history(first.StudyInstanceUID)
    assert study is not None
    assert (study.state, study.revision, study.instance_count) == (StudyState.RECEIVED, 2, 1)
    assert "1 image was replaced" in history[-1].reason


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_replaced_content_that_is_sent_again_has_its_place_back(replacing: Reception, size: int) -> None:
    first, second = versions(size)
    for one in (first, second, first):
        replacing.send(one)
        replacing.settle()
    assert_entered(replacing, first)
    assert any(file.endswith(encoded(second)) for file in quarantined(replacing.store))


def test_refuse_answers_duplicate_and_quarantines_the_second(tmp_path: Path, store: MortalStore) -> None:
    first, second = versions()
    with reception(tmp_path, store, "refuse", with_journal=False) as process:
        assert [process.send(one) for one in (first, first, second, second)] == [0, 0, 0x0111, 0x0111]
        assert_entered(process, first)
    (file,) = quarantined(store)
    assert file.endswith(encoded(second))


def test_refuse_answers_out_of_resources_while_the_ledger_is_away(
    tmp_path: Path, store: MortalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(ledger: Ledger) -> None:
        raise LedgerUnavailable("the ledger's database does not answer")

    with reception(tmp_path, store, "refuse", with_journal=False) as process:
        monkeypatch.setattr(Ledger, "begin", away)
        assert process.send(versions()[0]) == 0xA700


def test_file_that_cannot_be_moved_is_moved_later(
    tmp_path: Path, store: MortalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(key: str, new_key: str) -> None:
        raise StoreUnavailable("the disk does not answer")

    first, second = versions()
    with reception(tmp_path, store, "replace", with_journal=False) as process:
        process.send(first)
        with monkeypatch.context() as patch:
            patch.setattr(store, "move", fail)
            assert process.send(second) == 0xA700
        assert process.send(second) == 0
        assert_entered(process, second)
    assert len(quarantined(store)) == 1


@pytest.mark.parametrize("policy", ["keep_first", "replace"])
@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_step_it_loses_no_version_and_makes_no_copies(
    tmp_path: Path, policy: str, with_journal: bool, size: int, after: bool
) -> None:
    at = 0
    is_killed = True
    while is_killed:
        at += 1
        folder, store = tmp_path / str(at), MortalStore()
        folder.mkdir()
        store.at, store.after = at, after
        datasets = list(versions(size))
        left = send_until_killed(folder, store, policy, with_journal, datasets)
        is_killed, store.at = store.changes >= at, None
        for _ in range(2):  # each start settles again what the journal still holds
            left = send_until_killed(folder, store, policy, with_journal, left)
            with reception(folder, store, policy, with_journal=with_journal) as process:
                process.settle()
                assert_entered(process, datasets[0 if policy == "keep_first" else 1])
                assert_both_are_there(store, *datasets)
    assert at > 3, "no step was met"


def send_until_killed(
    folder: Path, store: MortalStore, policy: str, with_journal: bool, datasets: list[Dataset]
) -> list[Dataset]:
    """Send as a scanner does. Returns what was not answered with Success: it is to be sent again."""
    left = list(datasets)
    with suppress(Killed), reception(folder, store, policy, with_journal=with_journal) as process:
        process.settle()
        while left:
            assert process.send(left[0]) == 0
            left.pop(0)
            process.settle()
    return left


def assert_entered(process: Reception, dataset: Dataset) -> None:
    """The dataset's file is in its place, and no other one is."""
    entered = process.entered(dataset.SOPInstanceUID)
    assert entered is not None
    assert process.store.keys("instances/") == [entered.key]
    assert process.store.get(entered.key).endswith(encoded(dataset))


def assert_both_are_there(store: MortalStore, *datasets: Dataset) -> None:
    files = [store.get(key) for key in store.keys("instances/")] + quarantined(store)
    for dataset in datasets:
        assert any(file.endswith(encoded(dataset)) for file in files)
    assert len(quarantined(store)) == 1


def assemble(ledger: Ledger, dataset: Dataset) -> None:
    with ledger.begin() as tx:
        tx.studies.move(dataset.StudyInstanceUID, StudyEvent.STUDY_COMPLETE, "complete")
