"""Source headers, results and pixels for the tests of the report stage. All patients are invented."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import numpy as np
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
)

from service.config import ReportSettings
from service.config.profiles import PROFILES, ObjectKind
from service.report.objects import PredecessorReference, ReportObject, ScoredPixels, build_objects
from service.study.result import (
    AnalysedRegion,
    AnalysisResult,
    ClassifierIdentity,
    ImageRefusal,
    ImageScore,
)

STUDY_UID = "1.2.826.0.1.3680043.10.1.1"
SERIES_UID = "1.2.826.0.1.3680043.10.1.1.1"
IMAGE_UID = "1.2.826.0.1.3680043.10.1.1.1.1"
OTHER_IMAGE_UID = "1.2.826.0.1.3680043.10.1.1.1.2"
RETIRED_ULTRASOUND = "1.2.840.10008.5.1.4.1.1.6"
RETIRED_ULTRASOUND_MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.3"
MULTI_FRAME = (UltrasoundMultiFrameImageStorage, RETIRED_ULTRASOUND_MULTI_FRAME)
ROWS, COLUMNS = 120, 160
OUTLINE = ((40.0, 30.0), (80.0, 30.0), (80.0, 60.0), (40.0, 60.0))
FINISHED_AT = datetime(2026, 3, 4, 22, 30, 15, 123456, tzinfo=UTC)


def header(sop_class_uid: str = UltrasoundImageStorage, uid: str = IMAGE_UID, **changes: Any) -> Dataset:
    """A breast ultrasound header. A change to None takes the attribute away."""
    ds = Dataset()
    ds.SOPClassUID = sop_class_uid
    ds.SOPInstanceUID = uid
    ds.StudyInstanceUID = STUDY_UID
    ds.SeriesInstanceUID = SERIES_UID
    ds.Modality = "US"
    ds.Manufacturer = "Probe Works"
    ds.PatientName = "Doe^Jane"
    ds.PatientID = "P-7"
    ds.PatientBirthDate = "19700131"
    ds.PatientSex = "F"
    ds.StudyDate = "20260304"
    ds.StudyTime = "101112"
    ds.StudyID = "S1"
    ds.AccessionNumber = "A-9"
    ds.ReferringPhysicianName = "Roe^Richard"
    ds.StudyDescription = "Breast ultrasound"
    ds.Rows, ds.Columns = ROWS, COLUMNS
    ds.PhotometricInterpretation = "RGB"
    if sop_class_uid in MULTI_FRAME:
        ds.NumberOfFrames = 40
    for keyword, value in changes.items():
        if value is None:
            ds.pop(keyword, None)
        else:
            setattr(ds, keyword, value)
    return ds


def mammogram(uid: str = IMAGE_UID, **changes: Any) -> Dataset:
    """A left mammogram, mediolateral oblique."""
    view = Dataset()
    view.CodeValue, view.CodingSchemeDesignator = "399368009", "SCT"
    view.CodeMeaning = "medio-lateral oblique"
    view.ViewModifierCodeSequence = []
    values: dict[str, Any] = {
        "Modality": "MG",
        "PhotometricInterpretation": "MONOCHROME2",
        "ImageLaterality": "L",
        "ViewCodeSequence": [view],
        "PatientOrientation": ["A", "FR"],
        "ImagerPixelSpacing": [0.07, 0.07],
        "ContentDate": "20260304",
        "ContentTime": "101112",
        "StudyDescription": "Mammography",
    }
    return header(DigitalMammographyXRayImageStorageForPresentation, uid, **values | changes)


def as_received(ds: Dataset) -> Dataset:
    """`ds` after a trip through a file, as the service reads it."""
    return dcmread(BytesIO(part_10(ds)))


def part_10(ds: Dataset) -> bytes:
    """`ds` as a file."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def score(**changes: Any) -> ImageScore:
    """A positive image of the left breast."""
    values: dict[str, Any] = {
        "sop_instance_uid": IMAGE_UID,
        "sop_class_uid": UltrasoundImageStorage,
        "frame_number": None,
        "laterality": "L",
        "probability": 0.873,
        "positive": True,
        "category": "4B",
        "region": AnalysedRegion(10, 5, 150, 115),
        "heatmap_key": "heatmaps/1.npy",
        "outline": OUTLINE,
    }
    return ImageScore(**{**values, **changes})


def score_of(source: Dataset, **changes: Any) -> ImageScore:
    """A score for `source`, of its third frame where it has several."""
    frame = 3 if source.SOPClassUID in MULTI_FRAME else None
    return score(
        sop_instance_uid=source.SOPInstanceUID,
        sop_class_uid=source.SOPClassUID,
        **{"frame_number": frame, **changes},
    )


def result(*scores: ImageScore, refusals: tuple[ImageRefusal, ...] = (), **changes: Any) -> AnalysisResult:
    """What a classifier with the operating point 31 % says."""
    values: dict[str, Any] = {
        "study_instance_uid": STUDY_UID,
        "revision": 1,
        "classifier": ClassifierIdentity(
            "breast-us", "1.2.0", "Breast ultrasound malignancy", "ab" * 32, 0.31
        ),
        "scores": scores,
        "refusals": refusals,
        "finished_at": FINISHED_AT,
    }
    return AnalysisResult(**{**values, **changes})


def pixels(rows: int = ROWS, columns: int = COLUMNS) -> ScoredPixels:
    """Speckle with a warm spot in its upper left quarter."""
    grey = np.random.default_rng(7).rayleigh(60, (rows, columns)).clip(0, 255).astype(np.uint8)
    row, column = np.mgrid[:rows, :columns]
    distance = ((row - 0.35 * rows) / rows) ** 2 + ((column - 0.35 * columns) / columns) ** 2
    return ScoredPixels(
        np.repeat(grey[..., np.newaxis], 3, axis=2), np.exp(-40 * distance).astype(np.float32)
    )


def objects_of(
    found: AnalysisResult,
    *sources: Dataset,
    settings: ReportSettings | None = None,
    predecessor: PredecessorReference | None = None,
    kinds: Collection[ObjectKind] = PROFILES["generic"],
    replaced: Sequence[Dataset] = (),
) -> tuple[ReportObject, ...]:
    """The result objects of `found`, every image with the same pixels."""
    headers: Mapping[str, Dataset] = {source.SOPInstanceUID: source for source in sources}
    shown = {(s.sop_instance_uid, s.frame_number): pixels() for s in found.scores}
    return build_objects(
        found, headers, shown, settings or ReportSettings(), predecessor, kinds, replaced=replaced
    )


def objects_for(source: Dataset, **changes: Any) -> tuple[Dataset, Dataset]:
    """Heatmap and SR of one scored source, read back from their bytes."""
    heatmap, sr = objects_of(result(score_of(source, **changes)), source)
    return read(heatmap), read(sr)


def read(built: ReportObject) -> Dataset:
    """A result object, from its bytes."""
    return dcmread(BytesIO(built.data))


def items(tree: Dataset, code_value: str) -> list[Dataset]:
    """All content items of an SR whose concept has this code value, in the order of the document."""
    found = []
    for item in tree.get("ContentSequence", []):
        concept = item.get("ConceptNameCodeSequence")
        if concept and concept[0].CodeValue == code_value:
            found.append(item)
        found += items(item, code_value)
    return found
