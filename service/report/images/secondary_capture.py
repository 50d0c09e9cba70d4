"""The heatmap as a Secondary Capture image: the one result object that every viewer shows."""

from collections.abc import Sequence

import numpy as np
from highdicom.sc import SCImage
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from service.report.context import ReportContext
from service.report.documents import codes
from service.report.documents.sr_items import coded
from service.report.source import copy_element, instance_reference, pixel_spacing_mm
from service.report.text import NOT_REVIEWED, long_string
from service.report.uids import series_uid
from service.study.result import ImageScore

HEATMAP_SERIES_NUMBER = 9101
"""After the SR's."""


def build_heatmap(
    context: ReportContext, score: ImageScore, rgb: NDArray[np.uint8], sop_instance_uid: str, number: int
) -> bytes:
    """The rendered heatmap, uint8 (rows, columns, 3), as a Part 10 file.

    `context.header` is that of the source image; for a multi-frame source the picture is of the scored frame.
    """
    ds = SCImage(
        pixel_array=rgb,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),  # the constructor insists; replaced by the source's below
        pixel_spacing=pixel_spacing_mm(context.header),
        study_instance_uid=context.result.study_instance_uid,
        series_instance_uid=series_uid(context.result, "heatmap"),
        series_number=HEATMAP_SERIES_NUMBER,
        sop_instance_uid=sop_instance_uid,
        instance_number=number,
        series_description=long_string(f"AI heatmap {context.title}"),
        **context.attributes(),
    )
    describe_heatmap(ds, context, score, [score.frame_number] if score.frame_number is not None else [])
    return context.finish(ds)


def describe_heatmap(ds: Dataset, context: ReportContext, score: ImageScore, frames: Sequence[int]) -> None:
    """All that a heatmap says beside its pixels; `frames`: of the source that it shows, by number."""
    _describe_capture(ds, context)
    _describe_derivation(ds, context, frames)
    _describe_anatomy(ds, context.header, score)
    _carry_compression(ds, context.header)
    copy_element(context.header, ds, "RequestAttributesSequence")


def _describe_capture(ds: Dataset, context: ReportContext) -> None:
    """SC Equipment and SC Image (PS3.3 C.8.6.1, C.8.6.2): by a workstation, with words in the pixels."""
    ds.ConversionType = "WSD"
    ds.DateOfSecondaryCapture = context.date
    ds.TimeOfSecondaryCapture = context.time
    ds.ImageType = ["DERIVED", "SECONDARY", "OTHER", "AI_HEATMAP"]
    ds.BurnedInAnnotation = "YES"
    ds.RecognizableVisualFeatures = "NO"
    ds.ImageComments = NOT_REVIEWED


def _describe_derivation(ds: Dataset, context: ReportContext, frames: Sequence[int]) -> None:
    """What it is made from and how (PS3.3 C.12.4.1.1, C.12.2)."""
    header, identity = context.header, context.result.classifier
    ds.DerivationDescription = (
        f"Heatmap of {context.title} {long_string(identity.version)} over the source image"
    )
    ds.DerivationCodeSequence = [coded(codes.GRADIENT_WEIGHTED_CLASS_ACTIVATION)]
    source = instance_reference(header)
    if frames:
        source.ReferencedFrameNumber = list(frames)
    source.PurposeOfReferenceCodeSequence = [coded(codes.SOURCE_IMAGE_FOR_PROCESSING)]
    source.SpatialLocationsPreserved = "YES"
    ds.SourceImageSequence = [source]
    series = Dataset()
    series.SeriesInstanceUID = header.SeriesInstanceUID
    series.ReferencedInstanceSequence = [instance_reference(header)]
    ds.ReferencedSeriesSequence = [series]


def _describe_anatomy(ds: Dataset, header: Dataset, score: ImageScore) -> None:
    """Side and orientation, type 2C for a paired organ: the source's, empty where it does not say."""
    ds.PatientOrientation = None
    copy_element(header, ds, "PatientOrientation")
    ds.BodyPartExamined = "BREAST"
    ds.AnatomicRegionSequence = [coded(codes.BREAST)]
    # Image Laterality, not Laterality: one series holds the heatmaps of both sides.
    if score.laterality in codes.LATERALITIES:
        ds.ImageLaterality = score.laterality
    else:
        ds.Laterality = None


def _carry_compression(ds: Dataset, header: Dataset) -> None:
    """Once lossy, always lossy (PS3.3 C.7.6.1.1.5), though these pixels are not compressed again."""
    lossy = header.get("LossyImageCompression") == "01"
    ds.LossyImageCompression = "01" if lossy else "00"
    if lossy:
        copy_element(header, ds, "LossyImageCompressionRatio")
        copy_element(header, ds, "LossyImageCompressionMethod")
