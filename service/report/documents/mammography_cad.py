"""Mammography CAD SR (PS3.3 A.35.5, TID 4000): what mammography workstations draw as marks.

A study without suspicious images has one too: "no finding" is told, not left to be guessed.
"""

from collections.abc import Iterator, Mapping, Sequence

from pydicom.dataset import Dataset
from pydicom.uid import MammographyCADSRStorage

from service.dicom.laterality import laterality
from service.dicom.values import items, text
from service.report.context import ReportContext
from service.report.documents import codes
from service.report.documents import sr_items as sr
from service.report.images.region import region_of
from service.report.source import instance_reference, pixel_spacing_at_detector_mm, referenced_requests
from service.report.text import NOT_REVIEWED, long_string, percent
from service.report.uids import series_uid, tracking_uid
from service.study.result import ImageScore

SERIES_NUMBER = 9107
_DCMR = "1.2.840.10008.8.1.1"
_LIBRARY = 2
"""Place of the image library below the root; images are counted in it."""


def is_mammogram(header: Dataset) -> bool:
    """Whether an image has what TID 4020 asks for: a side and a coded view."""
    return header.get("Modality") == "MG" and laterality(header) in codes.BREASTS and bool(_view(header))


def build_mammography_cad(
    context: ReportContext, headers: Mapping[str, Dataset], sop_instance_uid: str
) -> bytes:
    """As a Part 10 file. `headers` of the scored images, each a mammogram, by SOP Instance UID."""
    ds = context.new_object(MammographyCADSRStorage, sop_instance_uid, "SR")
    ds.SeriesInstanceUID = series_uid(context.result, "cad-sr")
    ds.SeriesNumber, ds.InstanceNumber = SERIES_NUMBER, 1
    ds.SeriesDescription = long_string(f"AI CAD {context.title}")
    ds.ReferencedPerformedProcedureStepSequence = []
    ds.CompletionFlag, ds.VerificationFlag, ds.PreliminaryFlag = "COMPLETE", "UNVERIFIED", "PRELIMINARY"
    ds.CompletionFlagDescription = NOT_REVIEWED
    ds.PerformedProcedureCodeSequence = [sr.coded(codes.PERFORMED_PROCEDURES["MG"])]
    requests = referenced_requests(context.header)
    if requests:
        ds.ReferencedRequestSequence = requests
    ds.CurrentRequestedProcedureEvidenceSequence = [_evidence(context, list(headers.values()))]
    template = Dataset()
    template.MappingResource, template.MappingResourceUID, template.TemplateIdentifier = (
        "DCMR",
        _DCMR,
        "4000",
    )
    for element in _report(context, headers):
        ds.add(element)
    ds.ContentTemplateSequence = [template]
    return context.finish(ds)


def _report(context: ReportContext, headers: Mapping[str, Dataset]) -> Dataset:
    images = list(headers)
    found = [score for score in context.result.scores if score.positive]
    summary = codes.WITH_FINDINGS if found else codes.WITHOUT_FINDINGS
    impressions = [_impression(context, score, images.index(score.sop_instance_uid) + 1) for score in found]
    detection = sr.code(
        sr.CONTAINS,
        codes.DETECTION_PERFORMED,
        codes.MAMMOGRAPHY_BREAST_DENSITY,
        [
            *_algorithm(context),
            *(sr.place(sr.HAS_PROPERTIES, (1, _LIBRARY, number + 1)) for number in range(len(images))),
        ],
    )
    detections = sr.container(sr.INFERRED_FROM, codes.SUCCESSFUL_DETECTIONS, [detection])
    library = (sr.image(sr.CONTAINS, header, _entry(header)) for header in headers.values())
    return sr.container(
        "",
        codes.MAMMOGRAPHY_CAD_REPORT,
        [
            sr.code(sr.HAS_CONCEPT_MOD, codes.LANGUAGE, codes.ENGLISH),
            sr.container(sr.CONTAINS, codes.IMAGE_LIBRARY, library),
            sr.code(sr.CONTAINS, codes.CAD_SUMMARY, summary, impressions),
            sr.code(sr.CONTAINS, codes.SUMMARY_OF_DETECTIONS, codes.SUCCEEDED, [detections]),
            sr.code(sr.CONTAINS, codes.SUMMARY_OF_ANALYSES, codes.NOT_ATTEMPTED),
        ],
    )


def _impression(context: ReportContext, score: ImageScore, number: int) -> Dataset:
    """TID 4003 and 4006: one image with its probability, its region and its middle."""
    region = region_of(score)
    middle = [sum(values) / (len(region) - 1) for values in zip(*region[:-1], strict=True)]
    at = (1, _LIBRARY, number)
    finding = sr.code(
        sr.CONTAINS,
        codes.SINGLE_IMAGE_FINDING,
        codes.MAMMOGRAPHY_BREAST_DENSITY,
        [
            sr.code(sr.HAS_CONCEPT_MOD, codes.RENDERING_INTENT, codes.PRESENTATION_REQUIRED),
            sr.text(sr.HAS_OBS_CONTEXT, codes.TRACKING_IDENTIFIER, f"Image {number}"),
            sr.uid_reference(sr.HAS_OBS_CONTEXT, codes.TRACKING_UID, tracking_uid(context.result, score)),
            *_algorithm(context),
            sr.number(
                sr.HAS_PROPERTIES, codes.PROBABILITY_OF_CANCER, percent(score.probability), codes.PERCENT
            ),
            sr.coordinates(codes.CENTER, "POINT", middle, at),
            sr.coordinates(codes.OUTLINE, "POLYLINE", [value for point in region for value in point], at),
        ],
    )
    intent = sr.code(sr.HAS_CONCEPT_MOD, codes.RENDERING_INTENT, codes.PRESENTATION_REQUIRED)
    return sr.container(sr.INFERRED_FROM, codes.INDIVIDUAL_IMPRESSION, [intent, finding])


def _algorithm(context: ReportContext) -> Iterator[Dataset]:
    """TID 4019."""
    identity = context.result.classifier
    yield sr.text(sr.HAS_PROPERTIES, codes.ALGORITHM_NAME, context.title)
    yield sr.text(sr.HAS_PROPERTIES, codes.ALGORITHM_VERSION, long_string(identity.version))
    yield sr.text(
        sr.HAS_PROPERTIES, codes.ALGORITHM_PARAMETERS, f"operating point {percent(identity.threshold)} %"
    )


def _entry(header: Dataset) -> Iterator[Dataset]:
    """TID 4020: side, view and how it was made."""
    yield sr.code(sr.HAS_ACQ_CONTEXT, codes.IMAGE_LATERALITY, codes.BREASTS[laterality(header)])
    (view,) = _view(header)
    modifiers = (
        sr.code(sr.HAS_CONCEPT_MOD, codes.IMAGE_VIEW_MODIFIER, codes.of(modifier))
        for modifier in items(view, "ViewModifierCodeSequence")
    )
    yield sr.code(sr.HAS_ACQ_CONTEXT, codes.IMAGE_VIEW, codes.of(view), modifiers)
    orientation = header.get("PatientOrientation") or ()
    for name, value in zip(
        (codes.PATIENT_ORIENTATION_ROW, codes.PATIENT_ORIENTATION_COLUMN), orientation, strict=False
    ):
        yield sr.text(sr.HAS_ACQ_CONTEXT, name, value)
    for keyword, name, item in (
        ("StudyDate", codes.STUDY_DATE, sr.date),
        ("StudyTime", codes.STUDY_TIME, sr.time),
        ("ContentDate", codes.CONTENT_DATE, sr.date),
        ("ContentTime", codes.CONTENT_TIME, sr.time),
    ):
        if text(header, keyword):
            yield item(sr.HAS_ACQ_CONTEXT, name, text(header, keyword))
    spacing = pixel_spacing_at_detector_mm(header)
    if spacing:
        for name, value_mm in zip(
            (codes.VERTICAL_PIXEL_SPACING, codes.HORIZONTAL_PIXEL_SPACING), spacing, strict=True
        ):
            yield sr.number(sr.HAS_ACQ_CONTEXT, name, 1000 * value_mm, codes.MICROMETER)


def _view(header: Dataset) -> tuple[Dataset, ...]:
    return items(header, "ViewCodeSequence")[:1]


def _evidence(context: ReportContext, headers: Sequence[Dataset]) -> Dataset:
    study = Dataset()
    study.StudyInstanceUID = context.result.study_instance_uid
    study.ReferencedSeriesSequence = []
    for uid in dict.fromkeys(header.SeriesInstanceUID for header in headers):
        series = Dataset()
        series.SeriesInstanceUID = uid
        series.ReferencedSOPSequence = [
            instance_reference(header) for header in headers if header.SeriesInstanceUID == uid
        ]
        study.ReferencedSeriesSequence.append(series)
    return study
