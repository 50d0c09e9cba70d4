from typing import Any

from service.dicom.dump import HIDDEN, dump
from service.dicom.header import read_header
from tests.unit.dicom.builders import items, part10, ultrasound

PATIENT: dict[str, Any] = {
    "PatientName": "Doe^Jane",
    "PatientID": "P-4711",
    "PatientBirthDate": "19700101",
    "PatientSex": "F",
    "AccessionNumber": "A-4711",
    "StudyDate": "20260301",
    "StudyDescription": "Jane's second look",
    "ReferringPhysicianName": "Smith^Ann",
    "InstitutionName": "St Mary's",
}


def test_dump_hides_whatever_may_tell_who_the_patient_is() -> None:
    ds = ultrasound(**PATIENT, ProcedureCodeSequence=[items(CodeMeaning="for Jane Doe", CodeValue="1")])
    ds.add_new(0x00091001, "LO", "private Doe")
    ds.BodyPartExamined = "MARKER MAR"
    in_the_wrong_place = part10(ds).replace(b"MARKER MAR", b"Doe, Jane ")
    lines = dump(read_header(in_the_wrong_place))
    values = {line.keyword: line.value for line in lines}
    assert {values[keyword] for keyword in PATIENT} == {HIDDEN}
    assert values["CodeMeaning"] == values["BodyPartExamined"] == HIDDEN
    assert not [line for line in lines if "Doe" in line.value or "Jane" in line.value]


def test_dump_shows_what_is_technical() -> None:
    lines = {line.keyword: line for line in dump(read_header(part10(ultrasound(Manufacturer="ACME"))))}
    assert lines["Manufacturer"].value == "ACME"
    assert (lines["Modality"].tag, lines["Modality"].vr, lines["Modality"].value) == (
        "(0008,0060)",
        "CS",
        "US",
    )
    assert lines["TransferSyntaxUID"].value.startswith("1.2.840.10008.1.2")


def test_dump_shows_everything_when_asked() -> None:
    lines = dump(read_header(part10(ultrasound(**PATIENT))), patient_data=True)
    values = {line.keyword: line.value for line in lines}
    assert {keyword: values[keyword] for keyword in PATIENT} == PATIENT


def test_items_are_below_their_sequence() -> None:
    ds = ultrasound(ProcedureCodeSequence=[items(CodeValue="1")])
    depths = {line.keyword: line.depth for line in dump(read_header(part10(ds)))}
    assert (depths["ProcedureCodeSequence"], depths["CodeValue"]) == (0, 1)


def test_value_that_cannot_be_read_is_said() -> None:
    data = part10(ultrasound(NumberOfFrames="1234")).replace(b"1234", b"12x4")
    (line,) = [line for line in dump(read_header(data)) if line.keyword == "NumberOfFrames"]
    assert line.value in {HIDDEN, "(not readable)", "12x4"}


def test_long_values_and_controls_are_cut() -> None:
    lines = dump(read_header(part10(ultrasound(StudyDescription="a" * 4000 + "\x07"))), patient_data=True)
    assert max(len(line.value) for line in lines) == 120
