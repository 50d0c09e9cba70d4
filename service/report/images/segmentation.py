"""The outlined region as a Segmentation (PS3.3 A.51): the lesion where one was found, else the hot region."""

import numpy as np
from highdicom import AlgorithmIdentificationSequence, seg
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from service.report.context import ReportContext
from service.report.documents import codes
from service.report.images.geometry import frame_reference, name_frame
from service.report.source import copy_element, name_source
from service.report.text import NOT_REVIEWED, long_string
from service.report.uids import series_uid, tracking_uid, uid_for
from service.study.result import ImageScore

SERIES_NUMBER = 9105


def can_be_segmented(score: ImageScore) -> bool:
    """Where the heatmap is flat there is no region."""
    return bool(score.shown_outline)


def build_segmentation(
    context: ReportContext, score: ImageScore, sop_instance_uid: str, number: int
) -> bytes:
    """As a Part 10 file. `context.header` is that of the source image; of a cine the frame that counts is
    segmented, the only one with an outline, and named by its number.
    """
    header = context.header
    ds = seg.Segmentation(
        source_images=[frame_reference(header, score.frame_number)],
        pixel_array=_mask(score, int(header.Rows), int(header.Columns)),
        segmentation_type=seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_segment(context, score)],
        series_instance_uid=series_uid(context.result, "segmentation"),
        series_number=SERIES_NUMBER,
        series_description=long_string(f"AI region {context.title}"),
        sop_instance_uid=sop_instance_uid,
        instance_number=number,
        content_label="AI_RESULT",
        content_description=NOT_REVIEWED,
        **context.equipment(),
    )
    ds.ContentCreatorName = None
    if "PatientOrientation" not in ds:  # type 2C without a place in the patient
        ds.PatientOrientation = None
        copy_element(header, ds, "PatientOrientation")
    ds.ContentDate, ds.ContentTime = (
        context.date,
        context.time,
    )
    for element in ds.iterall():
        if element.keyword == "DimensionOrganizationUID":  # highdicom draws one at each writing
            element.value = uid_for(kind="dimension organization", object=sop_instance_uid)
    name_source(ds, header)
    name_frame(ds, header, score.frame_number)
    return context.finish(ds)


def _segment(context: ReportContext, score: ImageScore) -> seg.SegmentDescription:
    identity = context.result.classifier
    return seg.SegmentDescription(
        segment_number=1,
        segment_label="Lesion" if score.lesion else "Hot region",
        segmented_property_category=codes.MORPHOLOGICALLY_ABNORMAL,
        segmented_property_type=codes.LESION if score.lesion else codes.SELECTED_REGION,
        algorithm_type=seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=AlgorithmIdentificationSequence(
            name=context.title, family=codes.ARTIFICIAL_INTELLIGENCE, version=long_string(identity.version)
        ),
        anatomic_regions=[codes.BREAST],
        tracking_uid=tracking_uid(context.result, score),
        tracking_id="AI region",
    )


def _mask(score: ImageScore, rows: int, columns: int) -> NDArray[np.bool_]:
    """True inside the outline."""
    image = Image.new("1", (columns, rows))
    ImageDraw.Draw(image).polygon([tuple(point) for point in score.shown_outline], fill=1, outline=1)
    return np.asarray(image, bool)
