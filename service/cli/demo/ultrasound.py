"""Ultrasound images as DICOM datasets: what the phantom and wrapped pictures have in common."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage

RGB_SAMPLES = 3
CENTIMETRES = 3
"""Physical Units code (PS3.3 C.8.5.5.1.15)."""


@dataclass(frozen=True, slots=True)
class StudyIdentity:
    """Who and what a made-up study claims to be. `made_at` becomes the study's date and time."""

    study_instance_uid: str
    patient_name: str
    patient_id: str
    study_description: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class ImageIdentity:
    """The UIDs and numbers of one image. `laterality` is "L", "R" or "" where nobody said."""

    series_instance_uid: str
    sop_instance_uid: str
    series_number: int
    instance_number: int
    laterality: str = ""


def ultrasound_image(study: StudyIdentity, image: ImageIdentity, pixels: NDArray[np.uint8]) -> Dataset:
    """A US Image Storage dataset of the breast in Explicit VR Little Endian, uncompressed (PS3.3 A.6).

    `pixels` has shape (rows, columns) for MONOCHROME2 or (rows, columns, 3) for RGB.
    """
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = image.sop_instance_uid
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = UltrasoundImageStorage
    ds.SOPInstanceUID = image.sop_instance_uid
    _add_study(ds, study)
    _add_series(ds, image)
    ds.InstanceNumber = str(image.instance_number)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "", "0001"]
    ds.PatientOrientation = ""  # type 2C: unknown, a probe is held as the patient lies
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    _add_pixels(ds, pixels)
    return ds


def add_region(ds: Dataset, box: tuple[int, int, int, int], spacing_mm: float) -> None:
    """State where on the screen the B-mode image is and how large its pixels are (PS3.3 C.8.5.5).

    `box` is left, top, right, bottom in pixels: left and top included, right and bottom not.
    """
    region = Dataset()
    region.RegionSpatialFormat = 1  # 2D
    region.RegionDataType = 1  # tissue
    region.RegionFlags = 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = box[0], box[1]
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = box[2] - 1, box[3] - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = CENTIMETRES
    region.PhysicalDeltaX = region.PhysicalDeltaY = spacing_mm / 10
    ds.SequenceOfUltrasoundRegions = Sequence([region])


def _add_study(ds: Dataset, study: StudyIdentity) -> None:
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName = study.patient_name
    ds.PatientID = study.patient_id
    ds.PatientBirthDate = ""
    ds.PatientSex = "O"
    ds.StudyInstanceUID = study.study_instance_uid
    ds.StudyID = ""
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = f"{study.made_at:%Y%m%d}"
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = f"{study.made_at:%H%M%S}"
    ds.StudyDescription = study.study_description
    ds.AccessionNumber = ""
    ds.ReferringPhysicianName = ""


def _add_series(ds: Dataset, image: ImageIdentity) -> None:
    breast = Dataset()
    breast.CodeValue, breast.CodingSchemeDesignator, breast.CodeMeaning = "76752008", "SCT", "Breast"
    ds.Modality = "US"
    ds.SeriesInstanceUID = image.series_instance_uid
    ds.SeriesNumber = str(image.series_number)
    ds.BodyPartExamined = "BREAST"
    ds.AnatomicRegionSequence = Sequence([breast])
    # Type 2C: empty where it is unknown, as the breast is a paired structure (PS3.3 C.7.3.1).
    ds.Laterality = image.laterality
    ds.Manufacturer = "Preread demo"


def _add_pixels(ds: Dataset, pixels: NDArray[np.uint8]) -> None:
    is_colour = pixels.ndim == RGB_SAMPLES
    ds.SamplesPerPixel = RGB_SAMPLES if is_colour else 1
    ds.PhotometricInterpretation = "RGB" if is_colour else "MONOCHROME2"
    if is_colour:
        ds.PlanarConfiguration = 0
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit = 7
    ds.PixelRepresentation = 0
    data = pixels.tobytes()
    ds.PixelData = data + b"\x00" * (len(data) % 2)
