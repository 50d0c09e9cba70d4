"""Headers of mammograms, as far as their view goes; no pixels."""

from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    BreastTomosynthesisImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

from tests.unit.dicom.builders import code, items

CODES = {"CC": "399162004", "MLO": "399368009"}
IMPLANT_DISPLACED, SPOT_COMPRESSION, MAGNIFICATION, ROLLED_LATERAL = (
    "399209000",
    "399055006",
    "399163009",
    "399197002",
)


def mammogram(side: str = "R", view: str = "CC", *modifiers: str, **attributes: Any) -> Dataset:
    """A mammogram for presentation. `attributes` replace what it has; None removes one."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    ds.SOPInstanceUID, ds.SeriesInstanceUID, ds.StudyInstanceUID = generate_uid(), "1.2.3.4", "1.2.3"
    ds.Modality, ds.PatientID, ds.PresentationIntentType = "MG", "P1", "FOR PRESENTATION"
    ds.ImageLaterality, ds.ViewPosition = side, view
    coded = [code(modifier) for modifier in modifiers]
    ds.ViewCodeSequence = [code(CODES[view], ViewModifierCodeSequence=coded)]
    return _with(ds, attributes)


def tomosynthesis(side: str = "R", view: str = "CC", **attributes: Any) -> Dataset:
    """A reconstructed tomosynthesis image, whose side its frames say."""
    anatomy = items(FrameAnatomySequence=[items(FrameLaterality=side)])
    ds = mammogram(side, view, ImageLaterality=None, ViewPosition=None, PresentationIntentType=None)
    ds.SOPClassUID = BreastTomosynthesisImageStorage
    ds.SharedFunctionalGroupsSequence = [anatomy]
    return _with(ds, attributes)


def _with(ds: Dataset, attributes: dict[str, Any]) -> Dataset:
    for keyword, value in attributes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds
