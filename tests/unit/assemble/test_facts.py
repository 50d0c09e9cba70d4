from service.assemble.facts import united
from service.study.model import StudyHeader


def test_study_has_the_first_value_that_any_of_its_images_has() -> None:
    first = StudyHeader(patient_id="P1", modalities=("US",))
    second = StudyHeader(patient_id="P2", patient_name="Doe^Jane", modalities=("MG",))
    expected = StudyHeader(patient_id="P1", patient_name="Doe^Jane", modalities=("MG", "US"))
    assert united([first, first, second]) == expected


def test_study_without_readable_images_has_an_empty_header() -> None:
    assert united([]) == StudyHeader()
