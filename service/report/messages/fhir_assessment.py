"""What a person says of a result, as an Observation within the DiagnosticReport.

It is contained, not a resource of its own: when a newer result takes the report's place, what was said of the
one before goes with it.
"""

from service.report.documents import codes
from service.report.messages.fhir_types import Resource, concept, instant
from service.report.text import one_line
from service.study.assessment import Assessment, Verdict

ASSESSMENT_ID = "assessment"
"""Within the report, which refers to it as `#assessment`."""


def assessment_observation(assessment: Assessment, subject: Resource, study: Resource) -> Resource:
    """Agreement or disagreement, and her own category. It is final: nobody else will say it otherwise."""
    agrees = assessment.verdict is Verdict.ACCEPTED
    observation: Resource = {
        "resourceType": "Observation",
        "id": ASSESSMENT_ID,
        "status": "final",
        "code": concept(codes.OVERALL_ASSESSMENT),
        "subject": subject,
        "issued": instant(assessment.assessed_at),
        "performer": [{"display": assessment.assessed_by}],
        "valueCodeableConcept": concept(codes.AGREEMENT if agrees else codes.DISAGREEMENT),
        "derivedFrom": [study],
    }
    comment = one_line(assessment.comment)
    if comment:
        observation["note"] = [{"text": comment}]
    if assessment.category:
        category = codes.assessment(assessment.category)
        observation["component"] = [
            {"code": concept(codes.ASSESSMENT_CATEGORY), "valueCodeableConcept": concept(category)}
        ]
    return observation
