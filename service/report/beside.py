"""What goes beside SR and heatmaps where a destination's profile asks for it, and where it fits the study."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    EncapsulatedPDFStorage,
    KeyObjectSelectionDocumentStorage,
    MammographyCADSRStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    ParametricMapStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from service.config.profiles import ObjectKind
from service.report.context import ReportContext
from service.report.documents.key_objects import build_key_objects, build_rejection
from service.report.documents.mammography_cad import build_mammography_cad, is_mammogram
from service.report.documents.pdf import build_pdf_object
from service.report.images.cine_heatmap import build_cine_heatmap
from service.report.images.heatmap import render_heatmap
from service.report.images.legend import legend_for
from service.report.images.parametric_map import build_parametric_map, series_of_slices
from service.report.images.presentation import build_presentation, presentation_class
from service.report.images.scored_pixels import PixelsByImage
from service.report.images.segmentation import build_segmentation, can_be_segmented
from service.report.report_object import ReportObject, report_object
from service.report.source import reference, reference_to
from service.report.uids import digest, message_uid, object_uid
from service.study.result import FrameScore, ImageScore


@dataclass(frozen=True, slots=True)
class Written:
    """What is there already: `headers` of the scored images by SOP Instance UID, a heatmap for each score,
    and the `pixels` of each frame that was scored.
    """

    context: ReportContext
    headers: Mapping[str, Dataset]
    heatmaps: tuple[ReportObject, ...]
    pixels: PixelsByImage


def other_objects(written: Written, kinds: Collection[ObjectKind]) -> Iterator[ReportObject]:
    """Those of `kinds` that fit, kind after kind."""
    for kind, build in _BUILDERS.items():
        if kind in kinds:
            yield from build(written)


def _cine_heatmaps(written: Written) -> Iterator[ReportObject]:
    sop_class = MultiFrameTrueColorSecondaryCaptureImageStorage
    for number, (score, context) in enumerate(_images(written), 1):
        shown = replace(score, frames=tuple(one for one in score.frames if one.heatmap_key))
        if shown.frames:
            uid = _uid(context, "cine-heatmap", shown)
            frames = [_rendered(written, shown, frame) for frame in shown.frames]
            data = build_cine_heatmap(context, shown, frames, uid, number)
            yield report_object(context.result, "cine-heatmap", sop_class, uid, data, number)


def _rendered(written: Written, score: ImageScore, frame: FrameScore) -> NDArray[np.uint8]:
    """One frame with its own heat and words; the outline is of the most suspicious one only."""
    result = written.context.result
    pixels = written.pixels[score.sop_instance_uid, frame.number]
    own = replace(
        score,
        frame_number=frame.number,
        probability=frame.probability,
        positive=frame.probability >= result.classifier.threshold,
    )
    is_chosen = frame.number == score.frame_number
    if not is_chosen:
        own = replace(own, finds_lesions=False, lesion=None, outline=())
    legend = legend_for(own, result.classifier, written.context.settings)
    return render_heatmap(pixels.rgb, pixels.heatmap, own.shown_outline, legend)


def _presentations(written: Written) -> Iterator[ReportObject]:
    for number, (score, context) in enumerate(_images(written), 1):
        uid = _uid(context, "presentation", score)
        sop_class = presentation_class(context.header)
        data = build_presentation(context, score, uid, number)
        yield report_object(context.result, "presentation", sop_class, uid, data, number)


def _segmentations(written: Written) -> Iterator[ReportObject]:
    for number, (score, context) in enumerate(_images(written), 1):
        if can_be_segmented(score):
            uid = _uid(context, "segmentation", score)
            data = build_segmentation(context, score, uid, number)
            yield report_object(context.result, "segmentation", SegmentationStorage, uid, data, number)


def _parametric_maps(written: Written) -> Iterator[ReportObject]:
    context = written.context
    for number, scores in enumerate(series_of_slices(context.result.scores, written.headers), 1):
        heatmaps = np.stack([written.pixels[one.sop_instance_uid, None].heatmap for one in scores])
        shown = [
            context.fixed,
            [one.sop_instance_uid for one in scores],
            sha256(heatmaps.tobytes()).hexdigest(),
        ]
        uid = message_uid(context.result, "parametric-map", digest(shown))
        sources = [written.headers[one.sop_instance_uid] for one in scores]
        data = build_parametric_map(replace(context, header=sources[0]), sources, heatmaps, uid, number)
        yield report_object(context.result, "parametric-map", ParametricMapStorage, uid, data, number)


def _key_objects(written: Written) -> Iterator[ReportObject]:
    context = written.context
    pairs = zip(context.result.scores, written.heatmaps, strict=True)
    positive = [(score, heatmap) for score, heatmap in pairs if score.positive]
    if not positive:
        return
    heatmaps = [
        reference(
            context.result.study_instance_uid,
            heatmap.series_instance_uid,
            SecondaryCaptureImageStorage,
            heatmap.sop_instance_uid,
        )
        for _, heatmap in positive
    ]
    images = {score.sop_instance_uid: written.headers[score.sop_instance_uid] for score, _ in positive}
    uid = _uid(context, "key-objects", *(score for score, _ in positive))
    data = build_key_objects(context, [*heatmaps, *map(reference_to, images.values())], uid)
    yield report_object(context.result, "key-objects", KeyObjectSelectionDocumentStorage, uid, data)


def _mammography_cad(written: Written) -> Iterator[ReportObject]:
    context = written.context
    headers = {one.sop_instance_uid: written.headers[one.sop_instance_uid] for one in context.result.scores}
    if all(map(is_mammogram, headers.values())):
        uid = _uid(context, "cad-sr", *context.result.scores)
        data = build_mammography_cad(context, headers, uid)
        yield report_object(context.result, "cad-sr", MammographyCADSRStorage, uid, data)


def _pdf(written: Written) -> Iterator[ReportObject]:
    context = written.context
    uid = _uid(context, "pdf", *context.result.scores)
    data = build_pdf_object(context, written.heatmaps, uid)
    yield report_object(context.result, "pdf", EncapsulatedPDFStorage, uid, data)


def rejection(
    context: ReportContext, rejected: Sequence[Dataset], why: str, *occasion: str
) -> Iterator[ReportObject]:
    """A note on `rejected`, references to what a destination has; none on nothing. On each `occasion` it is
    another one.
    """
    if rejected:
        uids = sorted(one.SOPInstanceUID for one in rejected)
        uid = message_uid(context.result, "rejection", digest([context.fixed, uids, *occasion]))
        data = build_rejection(context, rejected, uid, why)
        yield report_object(context.result, "rejection", KeyObjectSelectionDocumentStorage, uid, data)


_BUILDERS: Mapping[ObjectKind, Callable[[Written], Iterator[ReportObject]]] = {
    "cine-heatmap": _cine_heatmaps,
    "presentation": _presentations,
    "segmentation": _segmentations,
    "parametric-map": _parametric_maps,
    "key-objects": _key_objects,
    "cad-sr": _mammography_cad,
    "pdf": _pdf,
}


def _images(written: Written) -> Iterator[tuple[ImageScore, ReportContext]]:
    for score in written.context.result.scores:
        yield score, replace(written.context, header=written.headers[score.sop_instance_uid])


def _uid(context: ReportContext, kind: ObjectKind, *scores: ImageScore) -> str:
    return object_uid(context.result, kind, scores, context.fixed)
