"""What can be asked and what is returned at each level of a search (PS3.18 section 10.6.1.2 and 10.6.3.3)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Level:
    """Keywords. `keys` can be matched, `always` is returned, `further` too with includefield=all."""

    keys: tuple[str, ...]
    always: tuple[str, ...]
    further: tuple[str, ...]


STUDIES = Level(
    keys=("StudyInstanceUID", "PatientID", "PatientName", "AccessionNumber", "StudyDate"),
    always=(
        "SpecificCharacterSet",
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "InstanceAvailability",
        "ModalitiesInStudy",
        "ReferringPhysicianName",
        "RetrieveURL",
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "StudyInstanceUID",
        "StudyID",
        "NumberOfStudyRelatedSeries",
        "NumberOfStudyRelatedInstances",
    ),
    further=("StudyDescription", "PatientAge", "InstitutionName"),
)
SERIES = Level(
    keys=("SeriesInstanceUID", "Modality"),
    always=(
        "SpecificCharacterSet",
        "Modality",
        "SeriesDescription",
        "RetrieveURL",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SeriesNumber",
        "NumberOfSeriesRelatedInstances",
    ),
    further=("SeriesDate", "SeriesTime", "Laterality", "BodyPartExamined", "Manufacturer"),
)
INSTANCES = Level(
    keys=("SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "Modality"),
    always=(
        "SpecificCharacterSet",
        "SOPClassUID",
        "SOPInstanceUID",
        "InstanceAvailability",
        "Modality",
        "RetrieveURL",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "InstanceNumber",
        "NumberOfFrames",
        "Rows",
        "Columns",
        "BitsAllocated",
    ),
    further=("ContentDate", "ContentTime", "ImageType", "ManufacturerModelName", "ContentQualification"),
)
