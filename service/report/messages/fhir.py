"""FHIR R4: a DiagnosticReport with an Observation for each breast, as one transaction of conditional updates.

Repeating it changes nothing: every resource is found again by its identifier. Everything is preliminary as
long as no person has said anything of it. What she says then amends the report; what she rejects is entered
in error.
"""

import json
import uuid

from service.report.documents import codes
from service.report.messages.fhir_assessment import ASSESSMENT_ID, assessment_observation
from service.report.messages.fhir_types import Resource, concept, identifier, instant, percentage, search_by
from service.report.messages.said import Said
from service.report.text import percent
from service.report.uids import side_tracking_uid
from service.study.result import ImageScore

_INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/v2-0074"
_DATE = 8
"""Characters of a DICOM date."""


def build_fhir(said: Said, report_uid: str) -> bytes:
    """The Bundle as JSON. `report_uid` identifies the DiagnosticReport."""
    observations = [(side_tracking_uid(said.result, side), side, score) for side, score in said.breasts]
    entries = [_entry(uid, _observation(said, uid, side, score)) for uid, side, score in observations]
    report = _report(said, report_uid, [_place(uid) for uid, _, _ in observations])
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [*entries, _entry(report_uid, report)],
    }
    return json.dumps(bundle, ensure_ascii=False, sort_keys=True).encode()


def _entry(uid: str, resource: Resource) -> Resource:
    kind = resource["resourceType"]
    return {
        "fullUrl": _place(uid),
        "resource": resource,
        "request": {"method": "PUT", "url": f"{kind}?{search_by(uid)}"},
    }


def _place(uid: str) -> str:
    """By which resources of the transaction refer to each other: the UUID that our UIDs are made from."""
    return f"urn:uuid:{uuid.UUID(int=int(uid.removeprefix('2.25.')))}"


def _report(said: Said, uid: str, results: list[str]) -> Resource:
    report: Resource = {
        "resourceType": "DiagnosticReport",
        "identifier": [identifier(uid)],
        "status": "amended" if said.assessment else "preliminary",
        "category": [{"coding": [{"system": _CATEGORY, "code": "RAD", "display": "Radiology"}]}],
        "code": concept(codes.IMAGING_PROCEDURE),
        "subject": _subject(said),
        "issued": instant(said.said_at),
        "result": [{"reference": reference} for reference in results],
        "imagingStudy": [_study(said)],
        "conclusion": " ".join(said.comments),
    }
    return report | _effective(said) | _assessed(said, report["result"])


def _assessed(said: Said, results: list[Resource]) -> Resource:
    """What a person's word adds to the report."""
    if said.assessment is None:
        return {}
    return {
        "contained": [assessment_observation(said.assessment, _subject(said), _study(said))],
        "result": [*results, {"reference": f"#{ASSESSMENT_ID}"}],
        "resultsInterpreter": [{"display": said.assessment.assessed_by}],
    }


def _observation(said: Said, uid: str, side: str, score: ImageScore) -> Resource:
    identity = said.result.classifier
    flag = ("H", "High") if score.positive else ("N", "Normal")
    threshold = percent(identity.threshold)
    observation: Resource = {
        "resourceType": "Observation",
        "identifier": [identifier(uid)],
        "status": "entered-in-error" if said.is_rejected else "preliminary",
        "code": concept(codes.PROBABILITY_OF_CANCER),
        "subject": _subject(said),
        "issued": instant(said.result.finished_at),
        "valueQuantity": percentage(percent(score.probability)),
        "interpretation": [{"coding": [{"system": _INTERPRETATION, "code": flag[0], "display": flag[1]}]}],
        "note": [{"text": text} for text in said.comments],
        "bodySite": concept(codes.BREASTS.get(side, codes.BREAST)),
        "device": {"display": f"{identity.title} {identity.version}"},
        "referenceRange": [{"high": percentage(threshold), "text": f"operating point {threshold} %"}],
        "derivedFrom": [_study(said)],
    }
    if score.category:
        category = {"code": concept(codes.ASSESSMENT_CATEGORY)}
        category["valueCodeableConcept"] = concept(codes.assessment(score.category))
        observation["component"] = [category]
    return observation | _effective(said)


def _subject(said: Said) -> Resource:
    """By its identifier: who the patient is there is for the receiver to know."""
    return {"type": "Patient", "identifier": {"value": said.patient.patient_id or "unknown"}}


def _study(said: Said) -> Resource:
    return {"type": "ImagingStudy", "identifier": identifier(said.result.study_instance_uid)}


def _effective(said: Said) -> Resource:
    date = said.patient.study_date
    is_date = len(date) == _DATE and date.isdigit()
    return {"effectiveDateTime": f"{date[:4]}-{date[4:6]}-{date[6:]}"} if is_date else {}
