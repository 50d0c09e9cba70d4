"""What a person says of a result, to systems that are no PACS; read back by parsers that are not ours."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import hl7
import pytest
from fhir.resources.R4B.bundle import Bundle

from service.config import ReportSettings
from service.config.profiles import MESSAGES, ObjectKind
from service.report.assessor import Assessor
from service.report.messages.build import message_objects
from service.report.messages.said import Said
from service.report.reporter import Reporter
from service.send.hl7_link import msh
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.assess import assess
from service.storage.ledger.tables.deliveries import StoredObject
from service.storage.store.memory import MemoryStore
from service.study.assessment import Assessment, Verdict
from service.study.messages import ReportRequest
from tests.unit.pipeline import messages, phantom
from tests.unit.report.builders import FINISHED_AT, STUDY_UID
from tests.unit.report.test_messages import FOUND, PATIENT, observations
from tests.unit.report.test_reporter import inferred

SAID_AT = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
ACCEPTED = Assessment(STUDY_UID, 1, "breast-us", Verdict.ACCEPTED, "", "", "Dr. A. Roe", SAID_AT)
MODIFIED = replace(ACCEPTED, verdict=Verdict.MODIFIED, category="3", comment="a cyst | no mass\n\x0bsee 2024")
REJECTED = replace(ACCEPTED, verdict=Verdict.REJECTED, comment="artefact")
VERDICTS = [ACCEPTED, MODIFIED, REJECTED]


def written(assessment: Assessment | None, **settings: Any) -> dict[str, bytes]:
    said = Said(FOUND, PATIENT, ReportSettings(**settings), {"sr": ("1.2.9",)}, assessment)
    return {one.kind: one.data for one in message_objects(said, MESSAGES)}


def oru(assessment: Assessment) -> hl7.Message:
    head = msh(("PREREAD", "", "RIS", "HOSPITAL"), "c1", "20260305080001+0000")
    return hl7.parse(head + written(assessment)["hl7"].decode())


@pytest.mark.parametrize(("assessment", "status"), [(ACCEPTED, "P"), (MODIFIED, "P"), (REJECTED, "W")])
def test_hl7_is_a_correction_and_says_what_holds_of_the_analysis(assessment: Assessment, status: str) -> None:
    message = oru(assessment)
    obr = message.segment("OBR")
    assert (str(obr[22]), str(obr[25])) == ("20260305080000+0000", "C")
    probabilities = observations(message, "111047")
    assert [(str(one[5]), str(one[11])) for one in probabilities] == [("87.3", status), ("5.0", status)]
    assert {str(one[14]) for one in probabilities} == {FINISHED_AT.strftime("%Y%m%d%H%M%S+0000")}
    numbers = [int(str(one[1])) for one in message.segments("OBX")]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("assessment", "overall", "category"),
    [(ACCEPTED, "122775", []), (MODIFIED, "122776", ["3 - Probably Benign"]), (REJECTED, "122776", [])],
)
def test_hl7_has_the_person_s_word_under_her_name(
    assessment: Assessment, overall: str, category: list[str]
) -> None:
    message = oru(assessment)
    (said,) = observations(message, "111413")
    assert str(said[5][0][0]) == overall
    assert (str(said[11]), str(said[14])) == ("F", "20260305080000+0000")
    assert message.unescape(str(said[16][0][1])) == "Dr. A. Roe"
    hers = [one for one in observations(message, "111005") if str(one[11]) == "F"]
    assert [str(one[5][0][1]) for one in hers] == category
    assert all(str(one[4]) == str(said[4]) for one in hers)
    assert str(said[4]) not in {str(one[4]) for one in observations(message, "111047")}


def test_a_comment_cannot_break_the_message_and_is_told_in_one_line() -> None:
    comments = [str(one[5]) for one in observations(oru(MODIFIED), "121106")]
    assert "modified to category 3 by Dr. A. Roe" in comments[1]
    assert oru(MODIFIED).unescape(comments[-1]) == "Dr. A. Roe: a cyst | no mass see 2024"
    assert b"\x0b" not in written(MODIFIED)["hl7"]


@pytest.mark.parametrize(
    ("assessment", "observation"),
    [(ACCEPTED, "preliminary"), (MODIFIED, "preliminary"), (REJECTED, "entered-in-error")],
)
def test_fhir_report_is_amended_and_holds_the_person_s_word(assessment: Assessment, observation: str) -> None:
    bundle: Any = Bundle.model_validate_json(written(assessment)["fhir"])
    *analysed, last = bundle.entry
    report = last.resource
    assert (report.status, {one.resource.status for one in analysed}) == ("amended", {observation})
    assert report.issued == SAID_AT
    assert {one.resource.issued for one in analysed} == {FINISHED_AT.replace(microsecond=0)}
    assert report.resultsInterpreter[0].display == "Dr. A. Roe"
    assert [one.reference for one in report.result] == [*(one.fullUrl for one in analysed), "#assessment"]
    (said,) = report.contained
    assert (said.id, said.status, said.performer[0].display) == ("assessment", "final", "Dr. A. Roe")
    agrees = assessment is ACCEPTED
    assert said.valueCodeableConcept.coding[0].code == ("122775" if agrees else "122776")
    assert f"{assessment.verdict}" in report.conclusion
    categories = [one.valueCodeableConcept.text for one in said.component or ()]
    assert categories == (["3 - Probably Benign"] if assessment is MODIFIED else [])


def test_fhir_takes_the_place_of_what_was_told_before() -> None:
    def urls(assessment: Assessment | None) -> list[str]:
        return [one["request"]["url"] for one in json.loads(written(assessment)["fhir"])["entry"]]

    assert urls(ACCEPTED) == urls(None)


@pytest.mark.parametrize("assessment", VERDICTS)
def test_a_webhook_tells_it_as_another_event(assessment: Assessment) -> None:
    body = json.loads(written(assessment)["webhook"])
    assert (body["event"], body["verified"], body["schema_version"]) == ("assessment", False, 1)
    assert body["assessment"] == {
        "verdict": f"{assessment.verdict}",
        "category": assessment.category,
        "assessed_by": "Dr. A. Roe",
        "assessed_at": "2026-03-05T08:00:00+00:00",
    }
    assert body["images"] == json.loads(written(None)["webhook"])["images"]


def test_a_webhook_has_the_comment_where_patient_data_may_go() -> None:
    assert b"cyst" not in written(MODIFIED)["webhook"]
    body = json.loads(written(MODIFIED, webhook_patient_data=True)["webhook"])
    assert body["assessment"]["comment"] == MODIFIED.comment


@pytest.mark.parametrize("kind", MESSAGES)
def test_it_goes_to_the_destinations_of_the_result_after_the_result(
    kind: ObjectKind, ledger: Ledger, store: MemoryStore
) -> None:
    # Arrange
    kinds: dict[str, tuple[ObjectKind, ...]] = {"pacs": (kind,)}
    uid = inferred(ledger, store, phantom())
    Reporter(ledger, store, ReportSettings(), kinds).handle(ReportRequest(uid, 1).to_json())
    one = replace(MODIFIED, study_instance_uid=uid, classifier="us-mass", assessed_at=datetime.now(UTC))
    with ledger.begin() as tx:
        assess(tx, one)

    # Act
    for body in messages(ledger, "assessment") * 2:  # the second time changes nothing
        Assessor(ledger, store, ReportSettings(), kinds).handle(body)

    # Assert
    with ledger.read() as tx:
        waiting = tx.deliveries.waiting(uid, 1, "pacs")
    result, assessment = [store.get(stored.key) for stored in waiting]
    assert "modified" not in result.decode()
    assert "modified" in assessment.decode()
    assert _assessment_sr(ledger, uid).sop_instance_uid in assessment.decode() or kind != "webhook"
    assert len(messages(ledger, "delivery.pacs")) == 2


def _assessment_sr(ledger: Ledger, uid: str) -> StoredObject:
    with ledger.read() as tx:
        (found,) = [one for one in tx.deliveries.objects_of(uid) if one.kind == "assessment"]
    return found
