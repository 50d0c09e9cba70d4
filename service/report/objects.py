"""All result objects of one result: a heatmap for every scored image, and the SR that links them."""

import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from hashlib import sha256

from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage, SecondaryCaptureImageStorage

from service.config import ReportSettings
from service.config.profiles import PROFILES, ObjectKind
from service.errors import Permanent
from service.report.beside import Written, other_objects, rejection
from service.report.context import ReportContext
from service.report.documents.structured_report import PredecessorReference, build_structured_report
from service.report.images.heatmap import render_heatmap
from service.report.images.legend import legend_for
from service.report.images.scored_pixels import PixelsByImage, ScoredPixels
from service.report.images.secondary_capture import build_heatmap
from service.report.messages.build import message_objects
from service.report.messages.said import Said, by_kind
from service.report.report_object import ReportObject, report_object
from service.report.uids import digest, heatmap_uid, report_uid, series_uid, shown_of
from service.study.model import StudyHeader
from service.study.result import AnalysisResult, ImageScore

__all__ = ["PredecessorReference", "ReportObject", "ScoredPixels", "build_objects"]


def build_objects(
    result: AnalysisResult,
    headers: Mapping[str, Dataset],
    pixels: PixelsByImage,
    settings: ReportSettings,
    predecessor: PredecessorReference | None = None,
    kinds: Collection[ObjectKind] = PROFILES["generic"],
    patient: StudyHeader = StudyHeader(),  # noqa: B008 - frozen
    replaced: Sequence[Dataset] = (),
) -> tuple[ReportObject, ...]:
    """The heatmaps in the order of the scores, then the SR, then what of the other `kinds` fits. SR and
    heatmaps are always there. Without scores there is an SR that says why, where the settings ask for it.
    `patient` is for messages; `replaced` are references to what a destination has of an earlier result.

    `headers` holds the header (pixels not needed) of every scored image under its SOP Instance UID; of each
    image the header is asked for first, then the pixels. The same arguments give the same bytes. Raises
    Permanent where a header is missing or of another study, where pixels are missing or do not fit, or for an
    unknown assessment category.
    """
    if not result.scores:
        return _not_analysed(result, headers, settings, predecessor) if settings.not_analysed else ()
    context = ReportContext(result, _header(result, headers, result.scores[0]), settings)
    with warnings.catch_warnings():
        # pydicom warns of illegal values in the sender's header; they are copied or emptied, not our doing.
        warnings.simplefilter("ignore", UserWarning)
        heatmaps = tuple(_heatmaps(context, headers, pixels))
        report = _structured_report(context, headers, heatmaps, predecessor)
        objects = (*heatmaps, report, *other_objects(Written(context, headers, heatmaps, pixels), kinds))
        if "rejection" in kinds:
            stays = {one.sop_instance_uid for one in objects}
            left = [one for one in replaced if one.SOPInstanceUID not in stays]
            objects = (*objects, *rejection(context, left, "replaced by newer results of this study"))
        return (*objects, *message_objects(Said(result, patient, settings, by_kind(objects)), kinds))


def _heatmaps(
    context: ReportContext, headers: Mapping[str, Dataset], pixels: PixelsByImage
) -> Iterator[ReportObject]:
    result, settings = context.result, context.settings
    for number, score in enumerate(result.scores, start=1):
        own = replace(context, header=_header(result, headers, score))
        scored = pixels.get((score.sop_instance_uid, score.frame_number))
        if scored is None:
            raise Permanent(
                "the pixels of a scored image are missing; run the classifier again on this study"
            )
        legend = legend_for(score, result.classifier, settings)
        rgb = render_heatmap(scored.rgb, scored.heatmap, score.shown_outline, legend)
        shown = digest([context.fixed, score.laterality, sha256(rgb.tobytes()).hexdigest()])
        uid = heatmap_uid(result, score, shown)
        data = build_heatmap(own, score, rgb, uid, number)
        yield report_object(result, "heatmap", SecondaryCaptureImageStorage, uid, data, number)


def _not_analysed(
    result: AnalysisResult,
    headers: Mapping[str, Dataset],
    settings: ReportSettings,
    predecessor: PredecessorReference | None,
) -> tuple[ReportObject, ...]:
    """An SR about the images that were refused, as far as their headers can be read."""
    if not headers:
        return ()
    context = ReportContext(result, next(iter(headers.values())), settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return (_structured_report(context, headers, (), predecessor),)


def _structured_report(
    context: ReportContext,
    headers: Mapping[str, Dataset],
    heatmaps: tuple[ReportObject, ...],
    predecessor: PredecessorReference | None,
) -> ReportObject:
    result = context.result
    heatmap_uids = [heatmap.sop_instance_uid for heatmap in heatmaps]
    scores = [shown_of(score) for score in result.scores]
    refusals = [asdict(refusal) for refusal in result.refusals]
    replaced = asdict(predecessor) if predecessor else None
    shown = digest([context.fixed, scores, refusals, heatmap_uids, replaced])
    uid = report_uid(result, shown)
    series = series_uid(result, "heatmap")
    data = build_structured_report(context, headers, uid, heatmap_uids, series, predecessor)
    return report_object(result, "sr", Comprehensive3DSRStorage, uid, data)


def _header(result: AnalysisResult, headers: Mapping[str, Dataset], score: ImageScore) -> Dataset:
    header = headers.get(score.sop_instance_uid)
    if header is None or header.StudyInstanceUID != result.study_instance_uid:
        problem = "missing" if header is None else "of another study"
        raise Permanent(
            f"the header of a scored image is {problem}: no result object can be built; "
            "check that the instance store still holds the study (`retention` may have removed it), "
            "send it again, then run the classifier again"
        )
    return header
