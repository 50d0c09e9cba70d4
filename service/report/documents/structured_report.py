"""The Structured Report of one result: Comprehensive 3D SR with TID 1500 Measurement Report (IHE AIR)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from service.report.context import ReportContext
from service.report.documents import codes
from service.report.documents.image_library import image_library
from service.report.documents.measurement_groups import breast_group, image_group
from service.report.documents.measurement_report import measurement_report, separate
from service.report.source import image_reference, name_source, reference, referenced_requests
from service.report.text import NOT_REVIEWED, above_operating_point, ascii_text, long_string, percent
from service.report.uids import device_uid, series_uid
from service.study.result import AnalysisResult

SR_SERIES_NUMBER = 9100
"""Above what modalities count to, so that results follow the images in a viewer."""


@dataclass(frozen=True, slots=True)
class PredecessorReference:
    """The SR of an earlier revision, which this one replaces (PS3.3 C.17.2, Predecessor Documents)."""

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str


def build_structured_report(
    context: ReportContext,
    headers: Mapping[str, Dataset],
    sop_instance_uid: str,
    heatmaps: Sequence[str],
    heatmap_series_uid: str,
    predecessor: PredecessorReference | None,
) -> bytes:
    """The SR as a Part 10 file.

    `headers` holds the header of every scored image under its SOP Instance UID, or without scores those of
    the images that were not analysed; `heatmaps` the SOP Instance
    UID of each score's heatmap, in the order of the scores.
    """
    result = context.result
    about = [headers[uid] for uid in dict.fromkeys(score.sop_instance_uid for score in result.scores)]
    about = about or list(headers.values())
    # Heatmaps first: highdicom takes the study from the first one, and a source may be of a retired class.
    evidence = [
        reference(result.study_instance_uid, heatmap_series_uid, SecondaryCaptureImageStorage, uid)
        for uid in heatmaps
    ] + [image_reference(header) for header in about]
    content = _content(context, about, heatmaps)
    performed = codes.PERFORMED_PROCEDURES.get(context.header.get("Modality", ""))
    document = sr.Comprehensive3DSR(
        evidence=evidence,
        content=content,
        series_instance_uid=series_uid(result, "sr"),
        series_number=SR_SERIES_NUMBER,
        sop_instance_uid=sop_instance_uid,
        instance_number=1,
        series_description=long_string(f"AI {context.title}"),
        is_complete=True,
        requested_procedures=referenced_requests(context.header) or None,
        performed_procedure_codes=[performed] if performed else None,
        previous_versions=[_reference_to_predecessor(predecessor)] if predecessor else None,
        **context.attributes(),
    )
    document.CompletionFlagDescription = NOT_REVIEWED
    for header in about:
        name_source(document, header)
    separate(document)
    return context.finish(document)


def _content(context: ReportContext, about: Sequence[Dataset], heatmaps: Sequence[str]) -> Dataset:
    """The content tree: TID 1500 with library, groups and comments."""
    result = context.result
    groups: list[sr.Template] = [
        image_group(context, score, number, heatmap_uid)
        for number, (score, heatmap_uid) in enumerate(zip(result.scores, heatmaps, strict=True), start=1)
    ]
    if len(result.scores) > 1:  # the maximum of one image is in its own group
        groups += [breast_group(context, side, score) for side, score in result.by_side().items()]
    sides = {score.sop_instance_uid: score.laterality for score in result.scores}
    library = image_library(about, [sides.get(header.SOPInstanceUID, "") for header in about])
    observation = sr.ObservationContext(observer_device_context=_observer(context))
    return measurement_report(observation, library, groups, _statements(result))


def _observer(context: ReportContext) -> sr.ObserverContext:
    settings = context.settings
    return sr.ObserverContext(
        observer_type=codes.DEVICE,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=device_uid(settings),
            name=context.title,
            manufacturer_name=long_string(settings.manufacturer),
            model_name=context.title,
            serial_number=long_string(settings.device_serial_number),
        ),
    )


def _statements(result: AnalysisResult) -> list[str]:
    """The study in one sentence, then what else has to be known, and every image without a score and why."""
    if not result.scores:
        return [
            f"Not analysed because {ascii_text(result.refusal_summary())}. This is not a negative result."
        ]
    return [_summary(result), *_companions(result), *_without_lesion(result), *_refusals(result)]


def _summary(result: AnalysisResult) -> str:
    """The highest probability of the study against the operating point."""
    highest = percent(max(score.probability for score in result.scores))
    return (
        f"Highest probability of cancer in this study: {highest} %. {above_operating_point(result)}. "
        "Automated analysis, not reviewed."
    )


def _companions(result: AnalysisResult) -> list[str]:
    """Which image of another study each score rests on too."""
    return [
        f"Image {score.sop_instance_uid} was judged together with image {score.companion.sop_instance_uid} "
        f"of study {score.companion.study_instance_uid}."
        for score in result.scores
        if score.companion
    ]


def _without_lesion(result: AnalysisResult) -> list[str]:
    """What cannot be found is said: a score without a lesion rests on the whole image."""
    return [
        f"No lesion was found in image {score.sop_instance_uid}; its score rests on the whole image."
        for score in result.scores
        if score.finds_lesions and score.lesion is None
    ]


def _refusals(result: AnalysisResult) -> list[str]:
    return [
        f"Not analysed: {ascii_text(refusal.reason)} (image {refusal.sop_instance_uid})"
        for refusal in result.refusals
    ]


def _reference_to_predecessor(predecessor: PredecessorReference) -> Dataset:
    return reference(
        predecessor.study_instance_uid,
        predecessor.series_instance_uid,
        predecessor.sop_class_uid,
        predecessor.sop_instance_uid,
    )
