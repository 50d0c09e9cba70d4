"""What a study is to this service: received instances, the header that describes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from service.study.state import StudyState


class Priority(StrEnum):
    """How soon a study is worked on. Urgent work has its own queues."""

    ROUTINE = "routine"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class ReceivedInstance:
    """One instance as it was acknowledged. `key` names its bytes in the instance store.

    `digest` is the BLAKE3 of the dataset as it came, 64 hexadecimal digits.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    key: str
    digest: str
    size_bytes: int
    calling_ae_title: str
    received_at: datetime
    called_ae_title: str = ""
    """The AE title of ours that the sender called; empty where it came without an association."""


@dataclass(frozen=True, slots=True)
class InstanceHeader:
    """The header of one instance as routing sees it.

    `attributes` maps a DICOM keyword, or a path such as
    `RequestAttributesSequence.RequestedProcedureDescription`, to its values as text; a keyword that the
    dataset lacks is not there.
    """

    sop_instance_uid: str
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    calling_ae_title: str = ""
    called_ae_title: str = ""
    """Both AE titles are of the association that brought it, empty where they are not known."""
    series_instance_uid: str = ""


@dataclass(frozen=True, slots=True)
class StudyHeader:
    """Patient and study attributes, decoded with the study's own character set. Empty where unknown.

    Dates and times stay as DICOM DA and TM text (`YYYYMMDD`, `HHMMSS`): an impossible date is shown, not
    repaired.
    """

    patient_name: str = ""
    patient_id: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    accession_number: str = ""
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""
    modalities: tuple[str, ...] = ()

    @property
    def is_decoded(self) -> bool:
        """Whether every value was in the character set that it was said to be in."""
        values = (self.patient_name, self.patient_id, self.accession_number, self.study_description)
        return not any("\ufffd" in value for value in values)


@dataclass(frozen=True, slots=True)
class Study:
    """One study as the ledger holds it."""

    study_instance_uid: str
    revision: int
    state: StudyState
    reason: str
    priority: Priority
    instance_count: int
    received_at: datetime
    updated_at: datetime
    header: StudyHeader
