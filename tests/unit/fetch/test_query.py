import pytest

from service.errors import ConfigurationError
from service.fetch.found import FoundStudy
from service.fetch.query import StudyQuery
from service.study.model import StudyHeader


def study(**header: str) -> FoundStudy:
    return FoundStudy("1.2.3", StudyHeader(modalities=("US",), **header))


def test_query_asks_for_what_is_given_and_for_nothing_else() -> None:
    assert StudyQuery(accession_number="A1").keys() == {"AccessionNumber": "A1"}
    patient = StudyQuery(patient_id="P1", date_from="20200101", date_to="20200131")
    assert patient.keys() == {"PatientID": "P1", "StudyDate": "20200101-20200131"}
    assert StudyQuery(patient_id="P1", date_to="20200131").keys()["StudyDate"] == "-20200131"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "say which study"),
        ({"date_from": "20200101"}, "say which study"),
        ({"accession_number": "A*"}, "wildcards"),
        ({"patient_id": "P1\\P2"}, "backslashes"),
        ({"study_instance_uid": "../1"}, "is none"),
        ({"patient_id": "P1", "date_from": "2020-01-01"}, "YYYYMMDD"),
        ({"patient_id": "P1", "date_from": "20200102", "date_to": "20200101"}, "hold no day"),
    ],
)
def test_query_that_would_find_others_is_refused(fields: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        StudyQuery(**fields)


def test_study_of_another_patient_or_day_does_not_match_even_if_the_pacs_sends_it() -> None:
    query = StudyQuery(patient_id="P1", date_from="20200101", date_to="20200131", modality="US")
    assert query.matches(study(patient_id="P1", study_date="20200115"))
    assert query.matches(study(patient_id=" p1"))
    assert not query.matches(study(patient_id="P2", study_date="20200115"))
    assert not query.matches(study(patient_id="P1", study_date="20200201"))
    assert not StudyQuery(patient_id="P1", modality="CT").matches(study(patient_id="P1"))
