"""The headers of simulated images. Nothing in them can be taken for a patient: they say SIMULATED."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

from service.cli.demo.ultrasound import add_region
from service.cli.simulate.picture import WORDS, mammogram, slice_of_volume, sonogram
from service.cli.simulate.scenario import Scanner

PATIENT_NAME = "SIMULATED^NOT A PATIENT"
STUDY_DATE = "20000101"
"""The same of every study: a date of today would be another one tomorrow, for the same seed."""
SPACING_MM = 0.07
_SOP_CLASSES = {
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "US cine": "1.2.840.10008.5.1.4.1.1.3.1",
    "MG": "1.2.840.10008.5.1.4.1.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
}
_VIEWS = (
    ("R", "CC", "399162004"),
    ("L", "CC", "399162004"),
    ("R", "MLO", "399368009"),
    ("L", "MLO", "399368009"),
)
_SIDES = ("L", "R")


ROUTINE, URGENT = "ROUTINE ", "STAT    "
"""Values of Requested Procedure Priority (0040,1003), as long as each other; rules can ask for the second."""


@dataclass(frozen=True, slots=True)
class Names:
    """What is another one for each study or image; values of one length each."""

    study: str
    series: str
    instance: str
    patient_id: str
    accession_number: str
    instance_number: str
    priority: str


def image(kind: Scanner, number: int, names: Names) -> Dataset:
    """Picture `number` of a kind of scanner, uncompressed, its file meta without a transfer syntax."""
    ds = _common(kind, names)
    shape = (kind.rows, kind.columns)
    if kind.modality == "US":
        pixels, box = sonogram(number, shape)
        ds.Laterality = side_of(kind, number)
        ds.PatientOrientation = ""
        ds.LossyImageCompression = "00"
        add_region(ds, box, SPACING_MM)
        _add_pixels(ds, pixels, kind.frames)
    elif kind.modality == "MG":
        side, view, code = _VIEWS[number % len(_VIEWS)]
        ds.ImageLaterality, ds.ViewPosition = side, view
        ds.ViewCodeSequence = Sequence([_code(code, view)])
        ds.PresentationIntentType = "FOR PRESENTATION"
        ds.ImagerPixelSpacing = [SPACING_MM, SPACING_MM]
        _add_pixels(ds, mammogram(number, shape, side), 1)
    else:
        _add_pixels(ds, slice_of_volume(number, shape), 1)
    return ds


def side_of(kind: Scanner, number: int) -> str:
    """Laterality of picture `number`: images of one side are one series. Empty for MR."""
    if kind.modality == "MG":
        return _VIEWS[number % len(_VIEWS)][0]
    return _SIDES[number % len(_SIDES)] if kind.modality == "US" else ""


def _common(kind: Scanner, names: Names) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = _SOP_CLASSES["US cine" if kind.frames > 1 else kind.modality]
    ds.SOPInstanceUID = names.instance
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = STUDY_DATE
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = "120000"
    ds.AccessionNumber = names.accession_number
    ds.Modality = kind.modality
    ds.Manufacturer = "Preread simulate"
    ds.InstitutionName = "SIMULATED"
    ds.ReferringPhysicianName = ""
    ds.StudyDescription = ds.SeriesDescription = WORDS
    ds.PatientName, ds.PatientID = PATIENT_NAME, names.patient_id
    ds.PatientBirthDate, ds.PatientSex = "", "O"
    ds.BodyPartExamined = "BREAST"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = names.study, names.series
    ds.RequestedProcedurePriority = names.priority
    ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = "", "1", names.instance_number
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.BurnedInAnnotation = "NO"
    return ds


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "SCT", meaning
    return code


def _add_pixels(ds: Dataset, pixels: NDArray[Any], frames: int) -> None:
    is_colour, is_byte = pixels.ndim > 2, pixels.dtype == np.uint8  # noqa: PLR2004
    ds.SamplesPerPixel = 3 if is_colour else 1
    ds.PhotometricInterpretation = "RGB" if is_colour else "MONOCHROME2"
    if is_colour:
        ds.PlanarConfiguration = 0
    if frames > 1:
        ds.NumberOfFrames = str(frames)
        ds.FrameTime = "33"
        ds.FrameIncrementPointer = 0x00181063
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = (8, 8, 7) if is_byte else (16, 12, 11)
    ds.PixelRepresentation = 0
    data = pixels.tobytes() * frames
    ds.PixelData = data + b"\x00" * (len(data) % 2)
    ds["PixelData"].VR = "OB" if is_byte else "OW"
