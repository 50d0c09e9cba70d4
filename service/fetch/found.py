"""What a PACS says it has, the same from C-FIND and from QIDO-RS."""

from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from service.dicom.charset import correct_charset
from service.dicom.header import study_header
from service.dicom.identity import is_safe_uid
from service.dicom.values import integer, text, texts
from service.study.model import StudyHeader

STUDY_KEYWORDS = (
    "StudyInstanceUID",
    "AccessionNumber",
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "ModalitiesInStudy",
    "NumberOfStudyRelatedInstances",
)
SERIES_KEYWORDS = ("SeriesInstanceUID", "Modality")
INSTANCE_KEYWORDS = ("SOPInstanceUID", "SOPClassUID")
"""What is asked for at each level (PS3.4 C.6.2.1)."""


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """A study in the PACS. `instance_count` is None where it does not say."""

    study_instance_uid: str
    header: StudyHeader
    instance_count: int | None = None


@dataclass(frozen=True, slots=True)
class FoundSeries:
    """A series of a study in the PACS."""

    series_instance_uid: str
    modality: str


@dataclass(frozen=True, slots=True)
class FoundInstance:
    """An instance in the PACS. `sop_class_uid` is empty where it does not say: the key is optional."""

    series_instance_uid: str
    modality: str
    sop_instance_uid: str
    sop_class_uid: str


def found_study(ds: Dataset) -> FoundStudy | None:
    """The study of one match; None where it has no usable UID."""
    correct_charset(ds)
    uid = text(ds, "StudyInstanceUID")
    if not is_safe_uid(uid):
        return None
    modalities = tuple(sorted(set(texts(ds, "ModalitiesInStudy"))))
    header = replace(study_header([ds]), modalities=modalities)
    return FoundStudy(uid, header, integer(ds, "NumberOfStudyRelatedInstances"))


def found_series(ds: Dataset) -> FoundSeries | None:
    """The series of one match; None where it has no usable UID."""
    uid = text(ds, "SeriesInstanceUID")
    return FoundSeries(uid, text(ds, "Modality")) if is_safe_uid(uid) else None


def found_instance(ds: Dataset, series: FoundSeries) -> FoundInstance | None:
    """The instance of one match; None where it has no usable UID."""
    uid = text(ds, "SOPInstanceUID")
    if not is_safe_uid(uid):
        return None
    return FoundInstance(series.series_instance_uid, series.modality, uid, text(ds, "SOPClassUID"))
