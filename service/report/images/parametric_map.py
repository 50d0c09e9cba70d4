"""The heatmaps of a CT series as Parametric Maps (PS3.3 A.75), each value at its place in the patient."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
from highdicom import VOILUTTransformation
from highdicom.pm import ParametricMap, RealWorldValueMapping
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from service.report.context import ReportContext
from service.report.documents import codes
from service.report.images.geometry import frame_reference, place_of
from service.report.source import copy_element, name_source
from service.report.text import NOT_REVIEWED, long_string
from service.report.uids import series_uid, uid_for
from service.study.result import ImageScore

SERIES_NUMBER = 9106
MOST_PIXELS = 64 * 512 * 512
"""In one object: 64 MB, and several copies of it in memory at writing. Longer series get several objects."""
_SAME_PLACE_MM = 1e-3
_UNPAIRED = {"CHEST", "ABDOMEN", "PELVIS", "CHESTABDOMEN", "ABDOMENPELVIS", "CHESTABDPELVIS", "WHOLEBODY"}
"""Body Part Examined (PS3.16 annex L) of a CT of the trunk."""


def series_of_slices(
    scores: Sequence[ImageScore], headers: Mapping[str, Dataset]
) -> Iterator[tuple[ImageScore, ...]]:
    """The scored CT images, by series and geometry, in the order of their places; so many as fit one object.

    Left out is what has no place in the patient, and stacks of which two slices are at the same place.
    """
    placed = [score for score in scores if _is_slice(headers[score.sop_instance_uid], score)]
    placed.sort(key=lambda score: _stack(headers[score.sop_instance_uid]))
    for _, group in groupby(placed, key=lambda score: _stack(headers[score.sop_instance_uid])):
        stack = sorted(group, key=lambda score: _height_mm(headers[score.sop_instance_uid]))
        heights_mm = [_height_mm(headers[score.sop_instance_uid]) for score in stack]
        if len(stack) > 1 and np.diff(heights_mm).min() < _SAME_PLACE_MM:
            continue
        header = headers[stack[0].sop_instance_uid]
        most = max(1, MOST_PIXELS // (int(header.Rows) * int(header.Columns)))
        for start in range(0, len(stack), most):
            yield tuple(stack[start : start + most])


def build_parametric_map(
    context: ReportContext,
    sources: Sequence[Dataset],
    heatmaps: NDArray[np.float32],
    sop_instance_uid: str,
    number: int,
) -> bytes:
    """As a Part 10 file. `heatmaps`: float32 (slices, rows, columns), 0 to 1, in the order of `sources`, the
    headers of their slices.
    """
    ds = ParametricMap(
        source_images=[frame_reference(source, None) for source in sources],
        pixel_array=heatmaps,
        series_instance_uid=series_uid(context.result, "parametric-map"),
        series_number=SERIES_NUMBER,
        series_description=long_string(f"AI heatmaps {context.title}"),
        sop_instance_uid=sop_instance_uid,
        instance_number=number,
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[_mapping()],
        voi_lut_transformations=[VOILUTTransformation(window_center=0.5, window_width=1.0)],
        content_label="AI_HEATMAP",
        content_description=NOT_REVIEWED,
        **context.equipment(),
    )
    ds.ContentCreatorName = None
    ds.ContentDate, ds.ContentTime = context.date, context.time
    _describe_anatomy(ds, sources[0])
    for element in ds.iterall():
        if element.keyword == "DimensionOrganizationUID":  # highdicom draws one at each writing
            element.value = uid_for(kind="dimension organization", object=sop_instance_uid)
    for source in sources:
        name_source(ds, source)
    return context.finish(ds)


def _mapping() -> RealWorldValueMapping:
    """Stored values are what they say: the part of the greatest influence in this slice."""
    return RealWorldValueMapping(
        lut_label="HEATMAP",
        lut_explanation="Influence on the score, 0 to 1 of the maximum of the slice",
        unit=codes.NO_UNITS,
        value_range=(0.0, 1.0),
        slope=1.0,
        intercept=0.0,
        quantity_definition=codes.GRADIENT_WEIGHTED_CLASS_ACTIVATION,
    )


def _describe_anatomy(ds: Dataset, source: Dataset) -> None:
    """Laterality is type 2C: it has to be there for what is paired, and must not for what is not."""
    if source.get("BodyPartExamined") in _UNPAIRED:
        copy_element(source, ds, "BodyPartExamined")
        return
    ds.Laterality = source.Laterality if source.get("Laterality") in {"L", "R"} else None


def _is_slice(header: Dataset, score: ImageScore) -> bool:
    return (
        header.get("Modality") == "CT"
        and score.frame_number is None
        and place_of(header, score.frame_number) is not None
    )


def _stack(header: Dataset) -> tuple[object, ...]:
    """What slices of one map have in common."""
    orientation = tuple(round(float(value), 4) for value in header.ImageOrientationPatient)
    spacing = tuple(round(float(value), 4) for value in header.PixelSpacing)
    shape = int(header.Rows), int(header.Columns)
    return header.SeriesInstanceUID, header.FrameOfReferenceUID, orientation, spacing, shape


def _height_mm(header: Dataset) -> float:
    """Along the normal of the slice."""
    row, column = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
    return float(np.cross(row, column) @ np.array(header.ImagePositionPatient, float))
