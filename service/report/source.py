"""From a source image's header to a result object's: whose study this is, copied as it came.

highdicom checks names, sex and character set more strictly than modalities keep to, and knows no retired
SOP class. So it never sees them: it gets a reference with these attributes empty (`reference`), and the
finished object then gets the source's own (`copy_patient_and_study`).
"""

import re
from collections.abc import Iterable
from copy import deepcopy
from datetime import datetime, timedelta, timezone

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage

_TYPE_2 = (  # Patient (PS3.3 C.7.1.1) and General Study (C.7.2.1): present in every instance, perhaps empty
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)
_TYPE_3 = (  # the ones by which a PACS files and a reader knows the study
    "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "OtherPatientIDsSequence",
    "PatientAge",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "IssuerOfAccessionNumberSequence",
    "StudyDescription",
    "ProcedureCodeSequence",
    "ReferencedStudySequence",
    "TimezoneOffsetFromUTC",
)
_OF_IMAGE = (
    "Modality",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "ModalityLUTSequence",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
    "WindowCenterWidthExplanation",
    "VOILUTFunction",
)
_KNOWN_CLASS = {
    "1.2.840.10008.5.1.4.1.1.6": UltrasoundImageStorage,
    "1.2.840.10008.5.1.4.1.1.3": UltrasoundMultiFrameImageStorage,
}
_LEGAL = {  # values that break these would make the whole result object invalid
    "PatientBirthDate": re.compile(r"\d{8}"),
    "PatientSex": re.compile(r"[MFO]"),
    "PatientAge": re.compile(r"\d{3}[DWMY]"),
    "StudyDate": re.compile(r"\d{8}"),
    "StudyTime": re.compile(r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?"),
    "TimezoneOffsetFromUTC": re.compile(r"[+-]\d{4}"),
}


def reference(
    study_instance_uid: str, series_instance_uid: str, sop_class_uid: str, sop_instance_uid: str
) -> Dataset:
    """An instance by its UIDs, with empty type 2 attributes: what highdicom's SR takes as evidence."""
    ds = Dataset()
    ds.StudyInstanceUID = study_instance_uid
    ds.SeriesInstanceUID = series_instance_uid
    ds.SOPClassUID = sop_class_uid
    ds.SOPInstanceUID = sop_instance_uid
    for keyword in _TYPE_2:
        setattr(ds, keyword, "")
    return ds


def reference_to(header: Dataset) -> Dataset:
    """`reference` for a source image."""
    return reference(
        header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPClassUID, header.SOPInstanceUID
    )


def instance_reference(header: Dataset) -> Dataset:
    """An item that names an instance (PS3.3 10.8)."""
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    return item


def image_reference(header: Dataset) -> Dataset:
    """`reference_to` with what highdicom asks of an image, and a class it knows in place of retired ones."""
    ds = reference_to(header)
    for keyword in _OF_IMAGE:
        copy_element(header, ds, keyword)
    # A palette image is colour to a presentation state, whatever its samples.
    ds.SamplesPerPixel = 1 if str(header.get("PhotometricInterpretation", "")).startswith("MONOCHROME") else 3
    ds.SOPClassUID = _KNOWN_CLASS.get(header.SOPClassUID, header.SOPClassUID)
    if (
        "NumberOfFrames" in ds
    ):  # highdicom looks there for what is true of all frames; a cine has no such groups
        ds.SharedFunctionalGroupsSequence, ds.PerFrameFunctionalGroupsSequence = [Dataset()], [Dataset()]
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def name_source(ds: Dataset, header: Dataset) -> None:
    """Where `ds` refers to what `image_reference` gave for `header`, give back the class it really has."""
    for item in (item for element in ds if element.VR == "SQ" for item in element.value):
        if item.get("ReferencedSOPInstanceUID") == header.SOPInstanceUID:
            item.ReferencedSOPClassUID = header.SOPClassUID
        name_source(item, header)


def copy_patient_and_study(header: Dataset, target: Dataset) -> None:
    """Put the patient and study of `header` into `target`, with the character set that its text is in.

    Names keep their bytes. What is missing becomes empty (type 2) or stays out (type 3); so does a value
    that its VR or its enumeration does not allow, such as the sex "U". Nothing is invented. Pixels, overlays
    and private elements are never looked at.
    """
    copy_element(header, target, "SpecificCharacterSet")
    copy_element(header, target, "StudyInstanceUID")
    for keyword in _TYPE_2:
        setattr(target, keyword, "")
        if _is_legal(header, keyword):
            copy_element(header, target, keyword)
    for keyword in _TYPE_3:
        if _is_legal(header, keyword):
            copy_element(header, target, keyword)


def copy_element(header: Dataset, target: Dataset, keyword: str) -> None:
    """Copy one element, without the private elements of its items; do nothing where it is absent."""
    if keyword not in header:
        return
    element = deepcopy(header[keyword])
    if dictionary_VR(keyword) == "SQ":
        for item in element.value:
            item.remove_private_tags()
    target[keyword] = element


def referenced_requests(header: Dataset) -> list[Dataset]:
    """Items of Referenced Request Sequence (0040,A370): the orders this study was made for.

    One per item of the source's Request Attributes Sequence; one for the bare accession number without them;
    none without either (PS3.3 C.17.2).
    """
    requests: Iterable[Dataset] = header.get("RequestAttributesSequence") or []
    items = [_referenced_request(header, request) for request in requests]
    if not items and header.get("AccessionNumber"):
        return [_referenced_request(header, Dataset())]
    return items


def local_time(moment: datetime, header: Dataset) -> datetime:
    """`moment` on the clock of `header`, without offset or microseconds.

    Timezone Offset From UTC (0008,0201) holds for every time of an object, and a result object takes it over:
    so its own times are converted to it. Without it the time is taken as the site's, as given.
    """
    found = re.fullmatch(r"([+-])(\d{2})(\d{2})", str(header.get("TimezoneOffsetFromUTC") or ""))
    if found and moment.tzinfo is not None:
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        moment = moment.astimezone(timezone(-offset if found[1] == "-" else offset))
    return moment.replace(tzinfo=None, microsecond=0)


def pixel_spacing_mm(header: Dataset) -> tuple[float, float] | None:
    """Spacing of rows and of columns in the patient, in mm; None where unknown or not one for the image.

    Ultrasound gives it in cm per region (PS3.3 C.8.5.5), so all its 2D regions must agree. Imager Pixel
    Spacing is measured at the detector, not in the breast: it does not count.
    """
    if header.get("PixelSpacing"):
        return float(header.PixelSpacing[0]), float(header.PixelSpacing[1])
    spacings = {
        (abs(float(region.PhysicalDeltaY)) * 10, abs(float(region.PhysicalDeltaX)) * 10)
        for region in header.get("SequenceOfUltrasoundRegions") or []
        if _is_2d_in_cm(region)
    }
    spacing = spacings.pop() if len(spacings) == 1 else (0.0, 0.0)
    return spacing if min(spacing) > 0 else None


def pixel_spacing_at_detector_mm(header: Dataset) -> tuple[float, float] | None:
    """Imager Pixel Spacing, of rows and of columns; None where it is not given."""
    spacing = header.get("ImagerPixelSpacing")
    return (float(spacing[0]), float(spacing[1])) if spacing else None


def _is_2d_in_cm(region: Dataset) -> bool:
    """Region Spatial Format 2D and both Physical Units cm (PS3.3 C.8.5.5.1)."""
    return (
        region.get("RegionSpatialFormat") == 1
        and region.get("PhysicalUnitsXDirection") == 3  # noqa: PLR2004 - enumerated value: cm
        and region.get("PhysicalUnitsYDirection") == 3  # noqa: PLR2004
        and "PhysicalDeltaX" in region
        and "PhysicalDeltaY" in region
    )


def _is_legal(header: Dataset, keyword: str) -> bool:
    pattern = _LEGAL.get(keyword)
    return pattern is None or pattern.fullmatch(str(header.get(keyword) or "").rstrip()) is not None


def _referenced_request(header: Dataset, request: Dataset) -> Dataset:
    item = Dataset()
    item.StudyInstanceUID = header.StudyInstanceUID
    item.ReferencedStudySequence = []
    item.AccessionNumber = header.get("AccessionNumber", "")
    item.PlacerOrderNumberImagingServiceRequest = ""
    item.FillerOrderNumberImagingServiceRequest = ""
    item.RequestedProcedureID = ""
    item.RequestedProcedureDescription = ""
    item.RequestedProcedureCodeSequence = []
    for keyword in (
        "RequestedProcedureID",
        "RequestedProcedureDescription",
        "RequestedProcedureCodeSequence",
    ):
        copy_element(request, item, keyword)
    return item
