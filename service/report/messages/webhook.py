"""The body of a webhook: what was found, as JSON, without the patient unless the settings want her named; or
what a person has said of it since.
"""

import json
from typing import Any

from service.config import ReportSettings
from service.report.messages.said import Said
from service.report.text import percent
from service.study.assessment import Assessment
from service.study.result import ImageScore

SCHEMA_VERSION = 1


def build_webhook(said: Said) -> bytes:
    """The body. Fields are only ever added; what changes its meaning gets a new `schema_version`.

    `event` is "result" or "assessment"; the latter has `assessment` beside the result that was judged.
    """
    body = _result(said)
    if said.assessment:
        body |= {"event": "assessment", "assessment": _assessment(said.assessment, said.settings)}
    if said.settings.webhook_patient_data:
        patient = said.patient
        body["patient"] = {
            "patient_id": patient.patient_id,
            "accession_number": patient.accession_number,
            "study_date": patient.study_date,
        }
    return json.dumps(body, ensure_ascii=False, sort_keys=True).encode()


def _result(said: Said) -> dict[str, Any]:
    result = said.result
    return {
        "schema_version": SCHEMA_VERSION,
        "event": "result",
        "study_instance_uid": result.study_instance_uid,
        "revision": result.revision,
        "finished_at": result.finished_at.isoformat(timespec="seconds"),
        "classifier": {
            "name": result.classifier.name,
            "version": result.classifier.version,
            "title": result.classifier.title,
            "operating_point_percent": percent(result.classifier.threshold),
        },
        "research_use": bool(said.warning),
        "verified": False,
        "breasts": [{"side": side} | _score(score) for side, score in said.breasts],
        "images": [_score(score) for score in result.scores],
        "not_analysed": [
            {"sop_instance_uid": one.sop_instance_uid, "reason": one.reason} for one in result.refusals
        ],
        "objects": {kind: list(uids) for kind, uids in said.objects.items()},
    }


def _assessment(assessment: Assessment, settings: ReportSettings) -> dict[str, Any]:
    """A comment is free text, which may name the patient: it goes where her data go."""
    told = {"comment": assessment.comment} if settings.webhook_patient_data else {}
    return told | {
        "verdict": assessment.verdict.value,
        "category": assessment.category,
        "assessed_by": assessment.assessed_by,
        "assessed_at": assessment.assessed_at.isoformat(timespec="seconds"),
    }


def _score(score: ImageScore) -> dict[str, Any]:
    return {
        "sop_instance_uid": score.sop_instance_uid,
        "frame_number": score.frame_number,
        "probability_percent": percent(score.probability),
        "is_positive": score.positive,
        "suggested_category": score.category,
    }
