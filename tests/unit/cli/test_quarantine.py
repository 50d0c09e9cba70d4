import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from service.accept.instance.receiver import InstanceReceiver
from service.config import Settings
from service.config.load import load_settings
from service.errors import ConfigurationError, Refused
from service.storage.ledger.ledger import Ledger
from service.storage.store.filesystem import FilesystemStore
from service.study.model import Study
from service.wiring.intake import open_intake
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, us_dataset
from tests.unit.cli.conftest import Run

Send = Callable[..., int]
OTHER_CLASS = "1.2.840.10008.5.1.4.1.1.7"


@pytest.fixture
def settings(configuration: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PREREAD_ACCEPT__MIN_FREE_BYTES", "0")
    return load_settings(configuration)


@pytest.fixture
def store(settings: Settings) -> FilesystemStore:
    return FilesystemStore(settings.data_folder / "store")


@pytest.fixture
def send(settings: Settings, store: FilesystemStore) -> Send:
    """C-STORE to a service that settles everything and stops."""

    def store_one(dataset: Dataset, sop_class_uid: str = US_IMAGE) -> int:
        ledger = Ledger(settings.ledger_url)
        with open_intake(settings, ledger, store) as intake:
            receiver = InstanceReceiver(store, intake, settings.accept)
            uid = dataset.SOPInstanceUID
            status = receiver.receive(encoded(dataset), sop_class_uid, uid, EXPLICIT_VR_LE, "SCANNER")
        ledger.close()
        return int(status)

    return store_one


@pytest.fixture
def versions(send: Send) -> tuple[Dataset, Dataset]:
    """Two contents under one UID, both sent."""
    first = us_dataset()
    uids = {name: first[name].value for name in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")}
    second = us_dataset(**uids, Rows=5)
    assert [send(first), send(second)] == [0, 0]
    return first, second


def listed(run: Run) -> list[dict[str, Any]]:
    told = json.loads(run("quarantine", "list", "--json").stdout)
    entries: list[dict[str, Any]] = told["entries"]
    assert told["count"] == len(entries)
    return entries


def left(run: Run) -> list[dict[str, Any]]:
    """What was released and discarded, the newest first."""
    entries: list[dict[str, Any]] = json.loads(run("quarantine", "journal", "--json").stdout)["entries"]
    return entries


def entered(settings: Settings, store: FilesystemStore, dataset: Dataset) -> tuple[Study, bytes]:
    """The study, and the file that is kept under the dataset's UID."""
    ledger = Ledger(settings.ledger_url)
    with ledger.read() as tx:
        study = tx.studies.find(dataset.StudyInstanceUID)
        instance = tx.instances.find(dataset.SOPInstanceUID)
    ledger.close()
    assert study is not None
    assert instance is not None
    return study, store.get(instance.key)


def test_list_of_an_empty_quarantine(run: Run) -> None:
    assert "nothing is in the quarantine" in run("quarantine", "list").stdout
    assert "nothing is released or discarded" in run("quarantine", "journal").stdout
    assert listed(run) == left(run) == []


def test_list_says_what_came_from_whom_and_why_it_is_there(
    run: Run, versions: tuple[Dataset, Dataset]
) -> None:
    (entry,) = listed(run)
    assert entry["sop_instance_uid"] == versions[0].SOPInstanceUID
    assert entry["study_instance_uid"] == versions[0].StudyInstanceUID
    assert (entry["error"], entry["calling_ae_title"]) == ("ConflictingInstance", "SCANNER")
    assert entry["size_bytes"] == len(encoded(versions[1]))
    table = run("quarantine", "list").stdout
    assert entry["id"][:8] in table
    assert "1 in the quarantine" in table


def test_show_tells_the_header_without_the_patient(run: Run, versions: tuple[Dataset, Dataset]) -> None:
    (entry,) = listed(run)
    shown = run("quarantine", "show", entry["id"][:6], "--json").stdout
    header = {line["keyword"]: line["value"] for line in json.loads(shown)["header"]}
    assert (header["Rows"], header["Modality"]) == ("5", "US")
    assert header["PatientName"] == header["PatientID"] == "(hidden)"
    for words in ("Doe", "PATIENT-4711"):
        assert words not in shown
        assert words not in run("quarantine", "show", entry["id"]).stdout


def test_show_tells_the_patient_when_asked(run: Run, versions: tuple[Dataset, Dataset]) -> None:
    (entry,) = listed(run)
    assert "Doe^Jane" in run("quarantine", "show", entry["id"], "--patient-data").stdout


def test_show_says_why_a_header_cannot_be_read(run: Run, send: Send, store: FilesystemStore) -> None:
    assert send(us_dataset(StudyInstanceUID=None)) == 0xC000
    (entry,) = listed(run)
    store.put(f"quarantine/{entry['received_at'][:10]}/{entry['id']}.dcm", b"no DICOM")
    assert "not a DICOM file" in run("quarantine", "show", entry["id"]).stdout


def test_released_conflict_replaces_what_is_kept(
    run: Run, versions: tuple[Dataset, Dataset], settings: Settings, store: FilesystemStore
) -> None:
    first, second = versions
    (entry,) = listed(run)
    result = run("quarantine", "release", entry["id"][:8], "--why", "the corrected one")
    assert result.exit_code == 0, result.exception
    study, file = entered(settings, store, first)
    assert file.endswith(encoded(second))
    assert study.instance_count == 1
    (replaced,) = listed(run)
    assert replaced["id"] != entry["id"]
    assert "replaced" in replaced["reason"]
    assert store.get(f"quarantine/{replaced['received_at'][:10]}/{replaced['id']}.dcm").endswith(
        encoded(first)
    )


def test_release_can_be_taken_back_by_another_one(
    run: Run, versions: tuple[Dataset, Dataset], settings: Settings, store: FilesystemStore
) -> None:
    for _ in range(2):
        run("quarantine", "release", listed(run)[0]["id"])
    assert entered(settings, store, versions[0])[1].endswith(encoded(versions[0]))
    assert len(listed(run)) == 1


def test_released_instance_keeps_its_sender(
    run: Run, versions: tuple[Dataset, Dataset], settings: Settings
) -> None:
    run("quarantine", "release", listed(run)[0]["id"])
    ledger = Ledger(settings.ledger_url)
    with ledger.read() as tx:
        instance = tx.instances.find(versions[0].SOPInstanceUID)
    ledger.close()
    assert instance is not None
    assert instance.calling_ae_title == "SCANNER"


def test_unreadable_dataset_is_not_released(run: Run, send: Send) -> None:
    assert send(us_dataset(StudyInstanceUID=None)) == 0xC000
    result = run("quarantine", "release", listed(run)[0]["id"])
    assert isinstance(result.exception, Refused)
    assert "cannot be released, since it cannot be kept" in str(result.exception)
    assert len(listed(run)) == 1


def test_dataset_with_other_uids_than_its_request_is_released_as_it_is_only_when_told_to(
    run: Run, send: Send, settings: Settings, store: FilesystemStore
) -> None:
    dataset = us_dataset()
    assert send(dataset, OTHER_CLASS) == 0xA900
    entry_id = listed(run)[0]["id"]
    refused = run("quarantine", "release", entry_id)
    assert "--as-is" in str(refused.exception)
    assert run("quarantine", "release", entry_id, "--as-is").exit_code == 0
    assert entered(settings, store, dataset)[1].endswith(encoded(dataset))
    assert listed(run) == []


def test_conflict_with_another_study_is_not_released(run: Run, send: Send) -> None:
    first = us_dataset()
    send(first)
    assert send(us_dataset(SOPInstanceUID=first.SOPInstanceUID)) == 0
    result = run("quarantine", "release", listed(run)[0]["id"])
    assert isinstance(result.exception, Refused)
    assert "another study" in str(result.exception)
    assert len(listed(run)) == 1


def test_discard_deletes_and_keeps_who_did_it_when_and_why(
    run: Run, versions: tuple[Dataset, Dataset], store: FilesystemStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "pacs-admin")
    (entry,) = listed(run)
    assert run("quarantine", "discard", entry["id"], "--yes", "--why", "sent by mistake").exit_code == 0
    assert listed(run) == []
    assert store.keys("quarantine/") == []
    (line,) = left(run)
    assert (line["action"], line["who"], line["why"]) == ("discarded", "pacs-admin", "sent by mistake")
    assert (line["id"], line["reason"]) == (entry["id"], entry["reason"])
    assert line["at"] > entry["received_at"]


def test_journal_of_the_quarantine_grows_and_is_shown(run: Run, versions: tuple[Dataset, Dataset]) -> None:
    run("quarantine", "release", listed(run)[0]["id"], "--why", "the right one")
    run("quarantine", "discard", listed(run)[0]["id"], "--yes")
    assert sorted(line["action"] for line in left(run)) == ["discarded", "released"]
    table = run("quarantine", "journal").stdout
    assert "the right one" in table
    assert "2 released or discarded" in table


def test_list_is_paged(run: Run, send: Send) -> None:
    for number in range(5):
        send(us_dataset(SOPInstanceUID=f"1.2.{number}", StudyInstanceUID=None))
    pages = [
        json.loads(run("quarantine", "list", "--json", "--limit", "2", "--page", str(page)).stdout)
        for page in (1, 2, 3, 4)
    ]
    assert [(page["count"], len(page["entries"])) for page in pages] == [(5, 2), (5, 2), (5, 1), (5, 0)]
    assert len({entry["id"] for page in pages for entry in page["entries"]}) == 5
    assert "3 to 4 of 5 in the quarantine" in run("quarantine", "list", "--limit", "2", "--page", "2").stdout


def test_discard_asks_first(run: Run, versions: tuple[Dataset, Dataset]) -> None:
    assert run("quarantine", "discard", listed(run)[0]["id"]).exit_code == 1  # nobody answers
    assert len(listed(run)) == 1


def test_many_are_discarded_at_once(run: Run, send: Send) -> None:
    for number in range(12):
        assert send(us_dataset(SOPInstanceUID=f"1.2.{number}", StudyInstanceUID=None)) == 0xC000
    ids = [entry["id"] for entry in listed(run)]
    assert "12 discarded" in run("quarantine", "discard", *ids, "--yes").stdout
    assert listed(run) == []


@pytest.mark.parametrize("command", ["show", "release", "discard"])
@pytest.mark.parametrize("wrong", ["ffffffff", "", "../../etc"])
def test_wrong_id_says_where_ids_are(
    run: Run, versions: tuple[Dataset, Dataset], command: str, wrong: str
) -> None:
    result = run("quarantine", command, wrong)
    assert isinstance(result.exception, ConfigurationError)
    assert "preread quarantine list" in str(result.exception)


def test_beginning_of_several_ids_is_refused(run: Run, send: Send) -> None:
    for number in range(17):  # two of them begin with the same digit
        send(us_dataset(SOPInstanceUID=f"1.2.{number}", StudyInstanceUID=None))
    digits = [entry["id"][0] for entry in listed(run)]
    twice = next(digit for digit in digits if digits.count(digit) > 1)
    result = run("quarantine", "show", twice)
    assert isinstance(result.exception, ConfigurationError)
    assert "give more of it" in str(result.exception)


def test_file_without_its_reason_is_listed(run: Run, store: FilesystemStore) -> None:
    store.put(f"quarantine/2026-03-01/{'0' * 8}-0000-0000-0000-{'0' * 12}.dcm", os.urandom(10))
    (entry,) = listed(run)
    assert (entry["received_at"], entry["reason"]) == ("2026-03-01", "the file with the reason is missing")


def test_status_says_how_many_are_quarantined(run: Run, versions: tuple[Dataset, Dataset]) -> None:
    told = json.loads(run("status", "--json").stdout)
    assert (told["quarantined"], told["studies"][0]["quarantined"]) == (1, 1)
    table = " ".join(run("status").stdout.split())
    assert "1 in the quarantine" in table
