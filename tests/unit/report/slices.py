"""Headers of CT slices and of enhanced images, which have a place in the patient. All are invented."""

from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import BreastTomosynthesisImageStorage, CTImageStorage

from tests.unit.report.builders import IMAGE_UID, header

FRAME_OF_REFERENCE_UID = "1.2.826.0.1.3680043.10.1.9"
AXIAL = [1, 0, 0, 0, 1, 0]
SPACING_MM = [0.8, 0.8]


def ct_slice(number: int, **changes: Any) -> Dataset:
    """The slice with this number, 5 mm above the one before."""
    values: dict[str, Any] = {
        "Modality": "CT",
        "BodyPartExamined": "CHEST",
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 1,
        "RescaleIntercept": -1024,
        "RescaleSlope": 1,
        "RescaleType": "HU",
        "FrameOfReferenceUID": FRAME_OF_REFERENCE_UID,
        "PositionReferenceIndicator": "",
        "ImagePositionPatient": [-64, -48, 5 * number],
        "ImageOrientationPatient": AXIAL,
        "PixelSpacing": SPACING_MM,
        "SliceThickness": 5,
        "StudyDescription": "Chest CT",
    }
    return header(CTImageStorage, f"{IMAGE_UID}.{number}", **values | changes)


def tomosynthesis(frames: int = 3) -> Dataset:
    """A left breast in planes of 1 mm: its geometry is in functional groups."""
    orientation, measures = Dataset(), Dataset()
    orientation.ImageOrientationPatient = AXIAL
    measures.PixelSpacing, measures.SliceThickness = SPACING_MM, 1
    shared = Dataset()
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    groups = []
    for number in range(frames):
        position, group = Dataset(), Dataset()
        position.ImagePositionPatient = [-64, -48, number]
        group.PlanePositionSequence = [position]
        groups.append(group)
    return header(
        BreastTomosynthesisImageStorage,
        Modality="MG",
        PhotometricInterpretation="MONOCHROME2",
        NumberOfFrames=frames,
        FrameOfReferenceUID=FRAME_OF_REFERENCE_UID,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=groups,
        StudyDescription="Mammography",
    )
