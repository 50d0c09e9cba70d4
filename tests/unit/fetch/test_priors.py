import pytest

from service.errors import ConfigurationError
from service.fetch.found import FoundStudy
from service.fetch.priors import find_priors
from service.fetch.query import StudyQuery
from service.study.model import StudyHeader
from tests.unit.fetch.test_fetcher import FakeArchive


class Patients(FakeArchive):
    """Answers every query with the same studies."""

    def __init__(self, *dates: str) -> None:
        super().__init__(())
        self.dates, self.queries = dates, list[StudyQuery]()

    def find_studies(self, query: StudyQuery) -> tuple[FoundStudy, ...]:
        self.queries.append(query)
        return tuple(FoundStudy(f"1.{date}", StudyHeader(study_date=date)) for date in self.dates)


def test_priors_come_newest_first_and_without_those_of_unknown_day() -> None:
    archive = Patients("20190101", "", "20200101")
    found = find_priors(archive, "P1", "20200301", "MG")
    assert [study.header.study_date for study in found] == ["20200101", "20190101"]
    assert archive.queries == [StudyQuery(patient_id="P1", date_to="20200229", modality="MG")]


@pytest.mark.parametrize("day", ["", "20201301", "2020", "20200101-20210101", "00010101x"])
def test_study_without_a_day_has_no_priors(day: str) -> None:
    with pytest.raises(ConfigurationError, match="no readable Study Date"):
        find_priors(Patients(), "P1", day)
