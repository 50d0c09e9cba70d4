from typing import Any

import pytest

from service.dicom.body_part import BodyPart, body_part
from service.dicom.body_part_words import names_breast
from service.dicom.header import read_header
from tests.unit.dicom.builders import code, items, packaged, ultrasound


def stated(**attributes: Any) -> BodyPart:
    return body_part(ultrasound(**{"BodyPartExamined": None, **attributes}))


@pytest.mark.parametrize(
    "value", ["BREAST", "breast", "Breast ", "LEFT BREAST", "BREAST_R", "MAMMA", "BRUST"]
)
def test_body_part_examined_says_breast(value: str) -> None:
    assert stated(BodyPartExamined=value) == BodyPart("BREAST", "BodyPartExamined")


@pytest.mark.parametrize("value", ["76752008", "80248007", "73056007", "T-04000", "T-04020", "T-04004"])
def test_anatomic_region_says_breast(value: str) -> None:
    found = stated(AnatomicRegionSequence=[code(value)])

    assert found == BodyPart("BREAST", "AnatomicRegionSequence")


@pytest.mark.parametrize(
    "description",
    [
        "US Breast Bilateral",
        "US_BREAST_LT",
        "Mammasonographie bds.",
        "Sono Mamma rechts",
        "MAMMOGRAPHY SCREENING",
        "Brustultraschall",
        "Echographie du sein gauche",
        "Ecografía de mama",
        "Ecografia seno destro",
        "乳腺彩超",
        "乳房超音波",
        "乳がん検診",
        "乳 US",
    ],
)
def test_free_text_in_many_languages_says_breast(description: str) -> None:
    assert stated(StudyDescription=description) == BodyPart("BREAST", "StudyDescription")


@pytest.mark.parametrize(
    "description",
    [
        "Brustkorb",
        "TC seno paranasale",
        "Senos maxilares",
        "A. mammaria interna",
        "乳児股関節エコー",
        "乳突 CT",
        "abreast of it",
        "Seinfeld",
        "",
    ],
)
def test_words_that_only_resemble_the_breast_do_not_count(description: str) -> None:
    assert not names_breast(description)


def test_the_requested_procedure_in_a_sequence_counts() -> None:
    request = items(RequestedProcedureDescription="Ultrasound breast right")

    found = stated(RequestAttributesSequence=[request])

    assert found == BodyPart("BREAST", "RequestedProcedureDescription")


@pytest.mark.parametrize("value", ["THYROID", "AXILLA", "ABDOMEN"])
def test_another_body_part_is_returned_even_when_the_study_says_breast(value: str) -> None:
    assert stated(BodyPartExamined=value, StudyDescription="Breast") == BodyPart(value, "BodyPartExamined")


def test_a_coded_region_of_another_part_wins_over_body_part_examined() -> None:
    axilla = code("91470000", meaning="Axilla")

    found = stated(BodyPartExamined="BREAST", AnatomicRegionSequence=[axilla])

    assert found == BodyPart("AXILLA", "AnatomicRegionSequence")


@pytest.mark.parametrize(
    "description", ["甲状腺、乳腺彩超", "US thyroid + breast", "Ultrasound abdomen and breast"]
)
def test_text_that_names_two_body_parts_is_ambiguous(description: str) -> None:
    found = stated(StudyDescription=description)

    assert found.is_ambiguous
    assert found == BodyPart("", "StudyDescription")


def test_the_series_says_which_of_the_study_it_is() -> None:
    study = "US thyroid + breast"

    assert stated(StudyDescription=study, SeriesDescription="Breast L").name == "BREAST"
    assert stated(StudyDescription=study, SeriesDescription="Thyroid").name == "THYROID"


@pytest.mark.parametrize("value", [None, "", "UNKNOWN", "other"])
def test_nothing_stated_is_unknown(value: str | None) -> None:
    found = stated(BodyPartExamined=value, StudyDescription="Routine", SeriesDescription="1")

    assert found == BodyPart()
    assert not found.is_ambiguous


def test_a_real_file_says_its_body_part() -> None:
    assert body_part(read_header(packaged("examples_overlay.dcm"))) == BodyPart("ABDOMEN", "BodyPartExamined")
