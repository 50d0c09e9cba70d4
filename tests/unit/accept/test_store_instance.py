"""The table of bad input, and the order of keeping: bytes, entry, answer."""

from typing import Any

import pytest
from blake3 import blake3
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from structlog.testing import capture_logs

from service.errors import LedgerUnavailable, OutOfSpace
from service.storage.store.memory import MemoryUpload
from service.study.model import ReceivedInstance
from tests.fakes.datasets import IMPLICIT_VR_LE, encoded, us_dataset
from tests.unit.accept.doubles import Desk


def test_instance_is_kept_as_a_file_and_entered() -> None:
    desk, dataset = Desk(), us_dataset()
    data = encoded(dataset)
    assert desk.receive(dataset) == 0x0000
    (instance,) = desk.ledger.instances.values()
    digest = blake3(data).hexdigest()
    assert instance.digest == digest
    assert instance.key == f"instances/{dataset.StudyInstanceUID}/{dataset.SOPInstanceUID}-{digest[:32]}.dcm"
    assert dcmread(DicomBytesIO(desk.store.get(instance.key))) == dataset
    assert (instance.size_bytes, instance.calling_ae_title) == (len(data), "SCANNER")
    assert instance.series_instance_uid == dataset.SeriesInstanceUID


def test_bytes_are_in_the_store_before_the_entry_is_made() -> None:
    desk = Desk()
    in_store_at_entry: list[bool] = []

    def record(instance: ReceivedInstance) -> None:
        in_store_at_entry.append(desk.store.exists(instance.key))

    desk.ledger.before_entry = record
    assert desk.receive() == 0x0000
    assert in_store_at_entry == [True]


def test_instance_that_is_sent_again_is_acknowledged_again() -> None:
    desk, dataset = Desk(), us_dataset()
    assert [desk.receive(dataset), desk.receive(dataset)] == [0x0000, 0x0000]
    assert len(desk.store.keys("instances/")) == 1


def test_other_bytes_under_a_known_uid_are_a_duplicate_and_the_first_ones_stay() -> None:
    desk, first = Desk(), us_dataset()
    changed = us_dataset(
        **{name: first[name].value for name in ("SOPInstanceUID", "StudyInstanceUID")}, Rows=5
    )
    desk.receive(first)
    kept = desk.store.keys("instances/")
    assert desk.receive(changed) == 0x0111
    assert desk.store.keys("instances/") == kept
    assert [reason["error"] for reason in desk.reasons()] == ["ConflictingInstance"]


BAD_DATASETS: list[tuple[str, dict[str, Any], dict[str, str], int, str]] = [
    ("no SOP Instance UID", {"SOPInstanceUID": None}, {}, 0xC000, "SOP Instance UID (0008,0018)"),
    ("no Study Instance UID", {"StudyInstanceUID": None}, {}, 0xC000, "Study Instance UID (0020,000D)"),
    ("empty Series Instance UID", {"SeriesInstanceUID": ""}, {}, 0xC000, "Series Instance UID (0020,000E)"),
    ("other instance", {}, {"sop_instance_uid": "1.2.3"}, 0xA900, "SOP Instance UID (0008,0018)"),
    ("other class", {}, {"sop_class_uid": "1.2.840.10008.5.1.4.1.1.2"}, 0xA900, "SOP Class UID (0008,0016)"),
]


@pytest.mark.parametrize(
    ("attributes", "request_uids", "status", "named"),
    [case[1:] for case in BAD_DATASETS],
    ids=[case[0] for case in BAD_DATASETS],
)
def test_bad_dataset_gets_its_status_and_goes_to_quarantine(
    attributes: dict[str, Any], request_uids: dict[str, Any], status: int, named: str
) -> None:
    desk, dataset = Desk(), us_dataset(**attributes)
    assert desk.receive(dataset, **request_uids) == status
    (reason,) = desk.reasons()
    assert named in reason["reason"]
    assert reason["status"] == f"0x{status:04X}"
    (file,) = [key for key in desk.store.keys("quarantine/") if key.endswith(".dcm")]
    assert desk.store.get(file).endswith(encoded(dataset))
    assert (desk.ledger.instances, desk.store.keys("instances/")) == ({}, [])


@pytest.mark.parametrize("data", [b"", b"this is not DICOM", b"\xff" * 1000])
def test_bytes_that_are_not_dicom_cannot_be_understood(data: bytes) -> None:
    desk = Desk()
    assert desk.receive(data=data) == 0xC000
    assert [reason["error"] for reason in desk.reasons()] == ["NotDicom"]


def test_reason_file_says_who_sent_what_when_and_nothing_of_the_patient() -> None:
    desk = Desk()
    desk.receive(us_dataset(StudyInstanceUID=None), sop_instance_uid="1.2.3")
    (reason,) = desk.reasons()
    assert set(reason) == {
        "received_at", "error", "reason", "status", "size_bytes",
        "sop_class_uid", "sop_instance_uid", "transfer_syntax_uid", "calling_ae_title", "called_ae_title",
    }  # fmt: skip
    assert (reason["calling_ae_title"], reason["sop_instance_uid"]) == ("SCANNER", "1.2.3")


@pytest.mark.parametrize("character_set", ["ISO 2022 IR 149", "latin-nonsense", "ISO_IR 192"])
def test_odd_character_set_is_stored(character_set: str) -> None:
    desk, dataset = Desk(), us_dataset(SpecificCharacterSet="ISO_IR 100", PatientName=b"Yama\xb4^\x1b$B;3")
    data = encoded(dataset).replace(b"ISO_IR 100", character_set.encode()[:10].ljust(10))
    assert desk.receive(dataset, data=data) == 0x0000


def test_truncated_pixel_data_is_stored_as_it_came() -> None:
    desk, dataset = Desk(), us_dataset()
    cut = encoded(dataset)[:-9]
    assert desk.receive(dataset, data=cut) == 0x0000
    (key,) = desk.store.keys("instances/")
    assert desk.store.get(key).endswith(cut)


def test_implicit_vr_is_stored() -> None:
    desk, dataset = Desk(), us_dataset()
    data = encoded(dataset, IMPLICIT_VR_LE)
    assert desk.receive(dataset, data=data, transfer_syntax_uid=IMPLICIT_VR_LE) == 0x0000


def test_low_disk_is_out_of_resources_and_nothing_is_written() -> None:
    desk = Desk(capacity_bytes=10_000, min_free_bytes=9_900)
    assert desk.receive() == 0xA700
    assert desk.store.keys("") == []


def test_disk_that_fills_up_while_writing_is_out_of_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(capacity_bytes=100)
    monkeypatch.setattr(desk.receiver._space, "reserve", lambda _size: None)
    assert desk.receive() == 0xA700
    assert desk.ledger.instances == {}


def test_ledger_that_does_not_answer_is_never_success() -> None:
    desk, dataset = Desk(), us_dataset()
    desk.ledger.failure = LedgerUnavailable("the database is away")
    assert desk.receive(dataset) == 0xA700
    desk.ledger.failure = None
    assert desk.receive(dataset) == 0x0000


def test_dataset_over_the_bound_is_out_of_resources_and_not_quarantined() -> None:
    desk = Desk(max_instance_bytes=1024)
    assert desk.receive(us_dataset(PixelData=bytes(2000))) == 0xA700
    assert desk.store.keys("") == []


def test_full_disk_in_the_quarantine_does_not_change_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()

    def full(_upload: MemoryUpload, _key: str) -> None:
        raise OutOfSpace("full")

    monkeypatch.setattr(MemoryUpload, "commit", full)
    assert desk.receive(data=b"not DICOM") == 0xC000


def test_logs_hold_no_patient_data() -> None:
    desk = Desk()
    with capture_logs() as logs:
        desk.receive()
        desk.receive(us_dataset(StudyInstanceUID=None))
        desk.receive(us_dataset(SOPInstanceUID="1.2.3"), sop_instance_uid="1.2.4")
    assert [entry["event"] for entry in logs] == ["instance refused", "instance refused"]
    assert "Doe" not in str(logs)
    assert "PATIENT" not in str(logs)
