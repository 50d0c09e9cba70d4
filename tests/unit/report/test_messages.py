"""Results as HL7, FHIR and webhook, read back by parsers that are not ours."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import hl7
import pytest
from fhir.resources.R4B.bundle import Bundle

from service.config import ReportSettings
from service.config.profiles import MESSAGES, ObjectKind
from service.report.messages.hl7_fields import escaped
from service.report.objects import ReportObject, build_objects
from service.send.hl7_link import msh
from service.study.model import StudyHeader
from service.study.result import ImageRefusal
from tests.unit.report.builders import (
    IMAGE_UID,
    OTHER_IMAGE_UID,
    STUDY_UID,
    header,
    pixels,
    result,
    score,
)

PATIENT = StudyHeader(
    patient_name="Yamada^Tarou^^Dr=山田^太郎",
    patient_id="P|7",
    patient_birth_date="19700131",
    patient_sex="F",
    accession_number="A-9",
    study_date="20260304",
    study_time="101112.5",
)
FOUND = result(
    score(),
    score(sop_instance_uid=OTHER_IMAGE_UID, laterality="R", probability=0.05, positive=False, category="4A"),
    refusals=(ImageRefusal("1.2.3", "colour Doppler"),),
)


def written(patient: StudyHeader = PATIENT, **settings: Any) -> dict[str, ReportObject]:
    headers = {uid: header(uid=uid) for uid in (IMAGE_UID, OTHER_IMAGE_UID)}
    shown = {(s.sop_instance_uid, s.frame_number): pixels() for s in FOUND.scores}
    kinds: tuple[ObjectKind, ...] = ("sr", "heatmap", *MESSAGES)
    objects = build_objects(FOUND, headers, shown, ReportSettings(**settings), None, kinds, patient)
    return {one.kind: one for one in objects}


def parsed(patient: StudyHeader = PATIENT, **settings: Any) -> hl7.Message:
    head = msh(("PREREAD", "", "RIS", "HOSPITAL"), "c1", "20260304223015+0000")
    return hl7.parse(head + written(patient, **settings)["hl7"].data.decode())


def test_hl7_says_whose_study_it_is() -> None:
    message = parsed()
    assert message.extract_field("MSH", 1, 9, 1, 1) == "ORU"
    assert message.unescape(message.extract_field("PID", 1, 3, 1, 1)) == "P|7"
    names = message.segment("PID")[5]
    assert [[str(part) for part in name][:2] for name in names] == [["Yamada", "Tarou"], ["山田", "太郎"]]
    assert [str(name[7]) for name in names] == ["A", "I"]
    assert str(message.segment("PID")[7]) == "19700131"
    assert str(message.segment("OBR")[3]) == "A-9"
    assert str(message.segment("OBR")[7]) == "20260304101112"
    assert str(message.segment("OBR")[25]) == "P"


def observations(message: hl7.Message, code: str) -> list[hl7.Segment]:
    return [one for one in message.segments("OBX") if str(one[3][0][0]) == code]


def test_hl7_gives_each_breast_its_probability_category_and_side() -> None:
    message = parsed()
    probabilities = observations(message, "111047")
    assert [(str(one[5]), str(one[6][0][0]), str(one[8])) for one in probabilities] == [
        ("87.3", "%", "H"),
        ("5.0", "%", "N"),
    ]
    sites = observations(message, "363698007")
    assert [str(one[5][0][1]) for one in sites] == ["Left breast", "Right breast"]
    assert [str(one[4]) for one in sites] == [str(one[4]) for one in probabilities]
    assert [str(one[5][0][1]) for one in observations(message, "111005")] == [
        "4B - Intermediate suspicion",
        "4A - Low suspicion",
    ]
    assert {str(one[11]) for one in message.segments("OBX")} == {"P"}
    numbers = [int(str(one[1])) for one in message.segments("OBX")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_hl7_says_that_it_is_research_and_what_was_not_analysed() -> None:
    comments = [str(one[5]) for one in observations(parsed(), "121106")]
    assert comments[0].startswith("RESEARCH USE ONLY")
    assert "1 of 2 analysed images at or above the operating point of 31.0 %" in comments[1]
    assert comments[2] == "Not analysed: colour Doppler."
    cleared = [str(one[5]) for one in observations(parsed(content_qualification="PRODUCT"), "121106")]
    assert not any("RESEARCH" in comment for comment in cleared)


def test_hl7_of_a_patient_of_whom_nothing_is_known_is_still_a_message() -> None:
    message = parsed(StudyHeader())
    assert str(message.segment("PID")[8]) == "U"
    assert str(message.segment("OBR")[7]) == ""
    assert len(observations(message, "111047")) == 2


@pytest.mark.parametrize("text", ["a|b", "a^b", "a&b", "a~b", "a\\b", "a\r\nb", "a\x1c\rb"])
def test_nothing_in_a_text_can_end_a_field(text: str) -> None:
    message = hl7.parse(f"MSH|^~\\&|A|B|C|D|20260304||ORU^R01|1|P|2.5.1\rOBX|1|TX|x||{escaped(text)}||y\r")
    assert str(message.segment("OBX")[7]) == "y"
    assert message.unescape(str(message.segment("OBX")[5])) == "".join(
        one if one >= " " else " " for one in text
    )


def bundle() -> Any:
    return Bundle.model_validate_json(written()["fhir"].data)


def test_fhir_is_one_transaction_of_conditional_updates() -> None:
    entries = bundle().entry
    assert [entry.resource.get_resource_type() for entry in entries] == [
        "Observation",
        "Observation",
        "DiagnosticReport",
    ]
    assert all(entry.request.method == "PUT" and "?identifier=" in entry.request.url for entry in entries)


def test_fhir_report_names_study_patient_and_its_observations() -> None:
    report = bundle().entry[-1].resource
    assert report.status == "preliminary"
    assert report.subject.identifier.value == "P|7"
    assert report.imagingStudy[0].identifier.value == f"urn:oid:{STUDY_UID}"
    assert [one.reference for one in report.result] == [entry.fullUrl for entry in bundle().entry[:-1]]
    assert "RESEARCH USE ONLY" in report.conclusion


def test_fhir_observation_has_value_side_category_and_device() -> None:
    left = bundle().entry[0].resource
    assert (float(left.valueQuantity.value), left.valueQuantity.code) == (87.3, "%")
    assert left.bodySite.coding[0].code == "80248007"
    assert left.interpretation[0].coding[0].code == "H"
    assert left.component[0].valueCodeableConcept.text == "4B - Intermediate suspicion"
    assert left.device.display == "Breast ultrasound malignancy 1.2.0"


def test_fhir_of_a_later_revision_updates_the_same_resources() -> None:
    def urls(found: Any) -> list[str]:
        headers = {uid: header(uid=uid) for uid in (IMAGE_UID, OTHER_IMAGE_UID)}
        shown = {(s.sop_instance_uid, s.frame_number): pixels() for s in found.scores}
        objects = build_objects(
            found, headers, shown, ReportSettings(), None, ("sr", "heatmap", "fhir"), PATIENT
        )
        body = json.loads(next(one.data for one in objects if one.kind == "fhir"))
        return [entry["request"]["url"] for entry in body["entry"]]

    later = replace(FOUND, revision=2, scores=tuple(replace(one, probability=0.5) for one in FOUND.scores))
    assert urls(later) == urls(FOUND)


def test_a_webhook_names_no_patient_unless_it_is_told_to() -> None:
    body = json.loads(written()["webhook"].data)
    for value in ("P|7", "Yamada", "A-9", "19700131"):
        assert value not in written()["webhook"].data.decode()
    assert (body["study_instance_uid"], body["research_use"], body["verified"]) == (STUDY_UID, True, False)
    assert [one["probability_percent"] for one in body["images"]] == [87.3, 5.0]
    assert datetime.fromisoformat(body["finished_at"]).tzinfo is not None
    assert len(body["objects"]["sr"]) == 1
    assert len(body["objects"]["heatmap"]) == 2
    named = json.loads(written(webhook_patient_data=True)["webhook"].data)
    assert named["patient"] == {"patient_id": "P|7", "accession_number": "A-9", "study_date": "20260304"}


def test_the_same_result_gives_the_same_messages() -> None:
    assert written() == written()
