"""What a person says of a result, as OBXs of an ORU^R01: hers, and final (OBX-11 F)."""

from collections.abc import Iterator

from service.report.documents import codes
from service.report.messages.hl7_fields import FINAL, code, escaped, observation
from service.study.assessment import Assessment, Verdict

_RESPONSIBLE_OBSERVER = 16


def assessment_observations(assessment: Assessment, group: str) -> Iterator[list[str]]:
    """Agreement or disagreement, and her own category. OBX-16 names her."""
    agrees = assessment.verdict is Verdict.ACCEPTED
    said = [(codes.OVERALL_ASSESSMENT, codes.AGREEMENT if agrees else codes.DISAGREEMENT)]
    if assessment.category:
        said.append((codes.ASSESSMENT_CATEGORY, codes.assessment(assessment.category)))
    for name, value in said:
        fields = observation("CE", code(name), group, code(value), FINAL, assessment.assessed_at)
        fields[_RESPONSIBLE_OBSERVER] = f"^{escaped(assessment.assessed_by)}"
        yield fields
