"""How studies with result objects are found, on every database."""

from datetime import UTC, datetime, timedelta

import pytest

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions import result_objects, search
from service.storage.ledger.questions.result_objects import FoundStudies, ResultFilter, ResultObjects
from service.storage.ledger.steps.receive import record_received
from service.storage.ledger.tables.deliveries import StoredObject
from service.study.model import StudyHeader
from tests.contracts.opened import OnALedger
from tests.factories import received

BEGAN = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


def study(ledger: Ledger, number: int, name: str = "Doe^Ann", day: str = "20260504") -> None:
    uid = f"1.{number}"
    received_at = BEGAN + timedelta(minutes=number)
    record_received(ledger, received(study_instance_uid=uid, received_at=received_at))
    header = StudyHeader(patient_name=name, study_date=day, accession_number=f"A 2026 {number}")
    with ledger.begin() as tx:
        tx.studies.describe(uid, header)
        tx.deliveries.add_object(
            StoredObject(
                f"{uid}.9", uid, 1, "us-mass", "sr", "1.2", f"{uid}.8", f"objects/{uid}", received_at
            )
        )


class ResultSearchContract(OnALedger):
    """Subclass with a fixture `ledger_url` that names an empty database."""

    @pytest.fixture(params=[5000, 0], ids=["rare names", "frequent names"])
    def _both_ways(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        """With 0 every name counts as frequent: studies are walked, and the same ones must be found."""
        monkeypatch.setattr(search, "RARE", request.param)

    @pytest.mark.usefixtures("_both_ways")
    @pytest.mark.parametrize(
        ("name", "found"),
        [
            ("doe^ann", ["1.1"]),
            ("DOE*", ["1.4", "1.1"]),
            ("*ann", ["1.2", "1.1"]),
            ("?oe^*", ["1.4", "1.2", "1.1"]),
            ("Müller*", ["1.3"]),
            ("doe", []),
            ("%", []),
        ],
    )
    def test_names_match_by_wildcards(self, ledger: Ledger, name: str, found: list[str]) -> None:
        for number, one in enumerate(("Doe^Ann", "Roe^Ann", "Müller^Eva", "Doe^Eve"), start=1):
            study(ledger, number, one)
        assert self.find(ledger, ResultFilter(patient_name=name)).study_instance_uids == found

    def test_with_a_day_the_last_day_is_first(self, ledger: Ledger) -> None:
        for number, day in enumerate(("20260501", "20260503", "", "20260502"), start=1):
            study(ledger, number, day=day)
        wanted = ResultFilter(study_date_from="20260501", study_date_until="20260502")
        assert self.find(ledger, wanted).study_instance_uids == ["1.4", "1.1"]
        assert self.find(ledger, ResultFilter(study_date_until="20260503")).study_instance_uids == [
            "1.2",
            "1.4",
            "1.1",
        ]
        assert self.find(ledger, ResultFilter()).study_instance_uids == ["1.4", "1.3", "1.2", "1.1"]

    def test_one_accession_number_of_many_that_have_its_words(self, ledger: Ledger) -> None:
        for number in range(1, 5):
            study(ledger, number)
        wanted = ResultFilter(accession_number="A 2026 3")
        assert self.find(ledger, wanted) == FoundStudies(["1.3"])

    def test_who_asks_for_what_is_frequent_is_told_how_far_was_looked(
        self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(result_objects, "LOOKED_THROUGH", 3)
        for number in range(1, 7):
            study(ledger, number, "Doe^Ann" if number in {1, 6} else "Roe^Eve")
        assert self.find(ledger, ResultFilter(patient_name="*ann")) == FoundStudies(["1.6"], 3)
        assert self.find(ledger, ResultFilter(patient_name="doe*")) == FoundStudies(["1.6", "1.1"])
        assert self.find(ledger, ResultFilter(), limit=2) == FoundStudies(["1.6", "1.5"])

    def find(self, ledger: Ledger, wanted: ResultFilter, limit: int = 50) -> FoundStudies:
        with ledger.read() as tx:
            return ResultObjects(tx.connection).studies(wanted, limit, 0)
