"""What a person says of a result, as a Comprehensive 3D SR (TID 1500) whose observer is that person.

Accept, modify or reject, as IHE AIRA has it; that supplement was not at hand, so the coding is our own:
Overall Assessment is agreement or disagreement with the findings, and a category is the person's own.
"""

from collections.abc import Sequence
from dataclasses import replace

from highdicom import sr
from pydicom.dataset import Dataset

from service.errors import Permanent
from service.report.context import ReportContext
from service.report.documents import codes
from service.report.documents.image_library import image_library
from service.report.documents.measurement_groups import breast_site, image_region
from service.report.documents.measurement_report import measurement_report, separate
from service.report.source import image_reference, name_source, referenced_requests
from service.report.text import ascii_text, long_string
from service.report.uids import digest, message_uid, series_uid, tracking_uid
from service.study.assessment import Assessment, Verdict
from service.study.result import AnalysisResult, ImageScore

SERIES_NUMBER = 9110
BY_A_PERSON = "Assessment of an automated analysis, entered on its page"


def assessed(result: AnalysisResult, assessment: Assessment) -> AnalysisResult:
    """The result as an assessment's object is about it: made when the person said so."""
    return replace(result, finished_at=assessment.assessed_at)


def assessment_uid(context: ReportContext, assessment: Assessment) -> str:
    """Of the object that tells of this assessment."""
    said = [assessment.verdict, assessment.category, assessment.comment, assessment.assessed_by]
    moment = assessment.assessed_at.isoformat()
    return message_uid(context.result, "assessment", digest([context.fixed, said, moment]))


def build_assessment(
    context: ReportContext,
    assessment: Assessment,
    judged: Sequence[Dataset],
    predecessor: Dataset | None,
) -> bytes:
    """As a Part 10 file. `context.header` is that of the most suspicious image.

    `judged` are references to the classifier's own objects, `predecessor` one to the SR of an earlier
    assessment (as `source.reference` makes them). Raises Permanent for a result without a score.
    """
    result = context.result
    score = result.most_suspicious
    if score is None:
        raise Permanent("there is no score that could be assessed")
    document = sr.Comprehensive3DSR(
        evidence=[image_reference(context.header), *judged],
        content=_content(context, assessment, score),
        series_instance_uid=series_uid(result, "assessment"),
        series_number=SERIES_NUMBER,
        series_description=long_string(f"Assessment of AI {context.title}"),
        sop_instance_uid=assessment_uid(context, assessment),
        instance_number=1,
        is_complete=True,
        requested_procedures=referenced_requests(context.header) or None,
        previous_versions=[predecessor] if predecessor else None,
        **context.attributes(),
    )
    document.CompletionFlagDescription = BY_A_PERSON
    name_source(document, context.header)
    separate(document)
    return context.finish(document)


def _content(context: ReportContext, assessment: Assessment, score: ImageScore) -> Dataset:
    group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(tracking_uid(context.result, score), "Assessed finding"),
        referenced_region=image_region(score),
        finding_sites=[breast_site(score.laterality)],
        qualitative_evaluations=_evaluations(assessment, score),
    )
    observer = sr.ObserverContext(
        observer_type=codes.PERSON,
        observer_identifying_attributes=sr.PersonObserverIdentifyingAttributes(f"{assessment.assessed_by}^"),
    )
    library = image_library([context.header], [score.laterality])
    observation = sr.ObservationContext(observer_person_context=observer)
    return measurement_report(observation, library, [group], _statements(context, assessment))


def _evaluations(assessment: Assessment, score: ImageScore) -> list[sr.QualitativeEvaluation]:
    agrees = assessment.verdict is Verdict.ACCEPTED
    found = [
        sr.QualitativeEvaluation(codes.OVERALL_ASSESSMENT, codes.AGREEMENT if agrees else codes.DISAGREEMENT)
    ]
    category = score.category if agrees else assessment.category
    if category:
        found.append(sr.QualitativeEvaluation(codes.ASSESSMENT_CATEGORY, codes.assessment(category)))
    return found


def _statements(context: ReportContext, assessment: Assessment) -> list[str]:
    identity = context.result.classifier
    said = (
        f"{context.title} {long_string(identity.version)}: {assessment.verdict} by {assessment.assessed_by}."
    )
    comment = ascii_text(assessment.comment)
    return [said, comment] if comment else [said]
