"""What a modality says in DIMSE-N: datasets, and raw command sets for peers that break the protocol."""

import struct
from collections.abc import Iterable, Sequence
from typing import Any

from pydicom.dataset import Dataset

from tests.fakes.datasets import US_IMAGE

MPPS = "1.2.840.10008.3.1.2.3.3"
COMMITMENT = "1.2.840.10008.1.20.1"
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
STUDY = "1.2.826.0.1.3680043.10.1"
STEP = "1.2.826.0.1.3680043.10.2"
TRANSACTION = "1.2.826.0.1.3680043.10.3"
N_SET, N_ACTION, N_CREATE = 0x0120, 0x0130, 0x0140


def step_begins(study_instance_uid: str = STUDY, **attributes: Any) -> Dataset:
    """The dataset of an N-CREATE; an attribute that is None is left out."""
    scheduled = Dataset()
    scheduled.StudyInstanceUID = study_instance_uid
    values: dict[str, Any] = {
        "ScheduledStepAttributesSequence": [scheduled],
        "PerformedProcedureStepStatus": "IN PROGRESS",
        "PatientName": "Doe^Jane",
        "PerformedSeriesSequence": [],
    }
    return dataset_of(values | attributes)


def step_ends(images: Iterable[str] = (), status: str = "COMPLETED", reports: Iterable[str] = ()) -> Dataset:
    """The dataset of an N-SET that names images and other objects, in a series each."""
    series = []
    for keyword, uids in (
        ("ReferencedImageSequence", images),
        ("ReferencedNonImageCompositeSOPInstanceSequence", reports),
    ):
        one = Dataset()
        setattr(one, keyword, references((US_IMAGE, uid) for uid in uids))
        series.append(one)
    return dataset_of({"PerformedProcedureStepStatus": status, "PerformedSeriesSequence": series})


def commitment_request(
    instances: Iterable[tuple[str, str]], transaction_uid: str | None = TRANSACTION
) -> Dataset:
    """The dataset of an N-ACTION that asks for storage commitment."""
    return dataset_of({"TransactionUID": transaction_uid, "ReferencedSOPSequence": references(instances)})


def references(instances: Iterable[tuple[str, str]]) -> list[Dataset]:
    """Items that name instances by class and UID."""
    return [
        dataset_of({"ReferencedSOPClassUID": sop_class_uid, "ReferencedSOPInstanceUID": uid})
        for sop_class_uid, uid in instances
    ]


def dataset_of(attributes: dict[str, Any]) -> Dataset:
    """A dataset of those attributes that are not None."""
    dataset = Dataset()
    for keyword, value in attributes.items():
        if value is not None:
            setattr(dataset, keyword, value)
    return dataset


def command_set(field: int, sop_class_uid: str, *elements: tuple[int, bytes], dataset: bool = True) -> bytes:
    """A DIMSE-N request (PS3.7 10.3), Implicit VR Little Endian, in ascending order of elements."""
    values = [
        (0x0003, uid_bytes(sop_class_uid)),
        (0x0100, number(field)),
        (0x0110, number(5)),
        (0x0800, number(1 if dataset else 0x0101)),
        *elements,
    ]
    return encoded_command(values)


def event_report_rsp(message_id: int, status: int = 0) -> bytes:
    """An N-EVENT-REPORT-RSP (PS3.7 10.3.1)."""
    return encoded_command(
        [
            (0x0002, uid_bytes(COMMITMENT)),
            (0x0100, number(0x8100)),
            (0x0120, number(message_id)),
            (0x0800, number(0x0101)),
            (0x0900, number(status)),
            (0x1000, uid_bytes(COMMITMENT_INSTANCE)),
        ]
    )


def encoded_command(values: Sequence[tuple[int, bytes]]) -> bytes:
    """The command set of these elements."""
    return b"".join(struct.pack("<HHL", 0, element, len(value)) + value for element, value in values)


def number(value: int) -> bytes:
    """A US value."""
    return struct.pack("<H", value)


def uid_bytes(uid: str) -> bytes:
    """A UI value."""
    return uid.encode() + b"\0" * (len(uid) % 2)
