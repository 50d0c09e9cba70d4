"""The object that `preread doctor --store-test` sends: a picture that says that it is a test."""

from datetime import UTC, datetime
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from service.config.sections import ReportSettings
from service.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from service.report.uids import uid_for
from service.storage.ledger.tables.deliveries import StoredObject

DESCRIPTION = "RESEARCH USE TEST OBJECT - may be deleted"
_WORDS = "RESEARCH USE\nTEST OBJECT of preread doctor\nno patient, no finding\nmay be deleted"
_ROWS, _COLUMNS = 128, 256
_EMPTY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "ReferringPhysicianName",
    "AccessionNumber",
    "StudyID",
    "Laterality",
    "PatientOrientation",
)
"""Type 2 of the Secondary Capture IOD (PS3.3 A.8.1): there, and empty."""


def trial_object(destination: str, settings: ReportSettings) -> tuple[StoredObject, bytes]:
    """The object and its Part 10 file; the same UIDs each time, so that a destination keeps one of it."""
    key = [settings.manufacturer, settings.device_serial_number, destination]
    now = datetime.now(UTC)
    ds = _picture(now, settings)
    ds.StudyInstanceUID = uid_for(kind="doctor study", of=key)
    ds.SeriesInstanceUID = uid_for(kind="doctor series", of=key)
    ds.SOPInstanceUID = uid_for(kind="doctor object", of=key)
    ds.SOPClassUID = SecondaryCaptureImageStorage
    stored = StoredObject(
        sop_instance_uid=ds.SOPInstanceUID,
        study_instance_uid=ds.StudyInstanceUID,
        revision=1,
        classifier="",
        kind="heatmap",
        sop_class_uid=ds.SOPClassUID,
        series_instance_uid=ds.SeriesInstanceUID,
        key="",
        created_at=now,
    )
    return stored, _part10(ds)


def _picture(now: datetime, settings: ReportSettings) -> Dataset:
    ds = Dataset()
    for keyword in _EMPTY:
        setattr(ds, keyword, None)
    # The same time whenever it is sent again: other content under a known UID would be refused.
    ds.StudyDate, ds.StudyTime = "20000101", "000000"
    ds.Modality, ds.ConversionType = "OT", "WSD"
    ds.Manufacturer = settings.manufacturer
    ds.StudyDescription = ds.SeriesDescription = ds.ImageComments = DESCRIPTION
    ds.SeriesNumber = ds.InstanceNumber = 1
    ds.ImageType = ["DERIVED", "SECONDARY"]
    ds.BurnedInAnnotation = "YES"
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = _ROWS, _COLUMNS, 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.PixelData = _pixels()
    ds["PixelData"].VR = "OW"
    return ds


def _pixels() -> bytes:
    image = Image.new("L", (_COLUMNS, _ROWS))
    ImageDraw.Draw(image).multiline_text((12, 20), _WORDS, fill=255, spacing=8)
    return np.asarray(image).tobytes()


def _part10(ds: Dataset) -> bytes:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    ds.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    buffer = BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()
