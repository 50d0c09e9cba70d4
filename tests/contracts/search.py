"""How studies are found, on every database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions import search
from service.storage.ledger.steps.receive import record_received
from service.study.model import Priority, StudyHeader
from service.study.search import Cursor, StudyFilter
from service.study.state import AnalysisState, StudyEvent, StudyState
from tests.contracts.opened import OnALedger
from tests.factories import received, result, score

BEGAN = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


def study(
    ledger: Ledger, uid: str, minute: int = 0, *, modalities: tuple[str, ...] = ("US",), **header: str
) -> str:
    instance = received(study_instance_uid=uid, received_at=BEGAN + timedelta(minutes=minute))
    record_received(ledger, instance)
    with ledger.begin() as tx:
        tx.studies.describe(uid, StudyHeader(modalities=modalities, **header))
    return uid


def scored(
    ledger: Ledger, uid: str, category: str = "4C", classifier: str = "us-mass", shadow: bool = False
) -> None:
    with ledger.begin() as tx:
        tx.analyses.queue(uid, 1, classifier, ("pacs",), shadow=shadow)
        found = replace(result(study_instance_uid=uid), scores=(score(category=category, laterality="R"),))
        tx.analyses.finish(uid, 1, classifier, AnalysisState.SCORED, "scored", found)


class SearchContract(OnALedger):
    """Subclass with a fixture `ledger_url` that names an empty database."""

    @pytest.fixture(params=[5000, 0], ids=["rare terms", "frequent terms"])
    def _both_ways(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        """With 0 every term counts as frequent: studies are walked, and the same ones must be found."""
        monkeypatch.setattr(search, "RARE", request.param)

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("mull", {"1.1"}),
            ("MÜLLER", {"1.1"}),
            ("eva mül", {"1.1"}),
            ("Lüdenscheidt", {"1.1"}),
            ("müller-lüd", {"1.1"}),
            ("小", set()),
            ("王小", {"1.2"}),
            ("wang", {"1.2"}),
            ("12-345", {"1.1", "1.2"}),
            ("345", {"1.1", "1.2"}),
            ("12-345 wang", {"1.2"}),
            ("acc9", {"1.3"}),
            ("o'", {"1.3"}),
            ("%", set()),
            ("_", set()),
            ("  ", {"1.1", "1.2", "1.3"}),
            ("müller wang", set()),
        ],
    )
    @pytest.mark.usefixtures("_both_ways")
    def test_words_are_found_by_their_beginning_without_case_and_accents(
        self, ledger: Ledger, text: str, found: set[str]
    ) -> None:
        study(ledger, "1.1", patient_name="Müller-Lüdenscheidt^Eva", patient_id="12-345")
        study(ledger, "1.2", patient_name="Wang^Xiao Dong=王小东", patient_id="12-345")
        study(ledger, "1.3", patient_name="O'Hara^Ann", accession_number="ACC9")
        assert self.find(ledger, StudyFilter(text=text)) == found

    @pytest.mark.usefixtures("_both_ways")
    def test_conditions_are_all_met(self, ledger: Ledger) -> None:
        study(ledger, "1.1", 1, patient_name="Doe^Ann")
        study(ledger, "1.2", 2, patient_name="Doe^Eve", modalities=("MG", "US"))
        study(ledger, "1.3", 3, patient_name="Roe^Eve", modalities=("MG",))
        scored(ledger, "1.1")
        scored(ledger, "1.2", "4A")
        with ledger.begin() as tx:
            tx.studies.move("1.2", StudyEvent.STUDY_COMPLETE, "complete")
            tx.studies.set_priority("1.3", Priority.URGENT)
        for wanted, found in (
            (StudyFilter(modality="US"), {"1.1", "1.2"}),
            (StudyFilter(modality="MG", text="doe"), {"1.2"}),
            (StudyFilter(category="4C"), {"1.1"}),
            (StudyFilter(side="R"), {"1.1", "1.2"}),
            (StudyFilter(side="R", category="4A", text="eve"), {"1.2"}),
            (StudyFilter(states=(StudyState.RECEIVED,)), {"1.1", "1.3"}),
            (StudyFilter(states=(StudyState.RECEIVED, StudyState.ASSEMBLED), modality="MG"), {"1.2", "1.3"}),
            (StudyFilter(states=(StudyState.ASSEMBLED,), text="doe", side="R"), {"1.2"}),
            (StudyFilter(priority=Priority.URGENT), {"1.3"}),
            (StudyFilter(priority=Priority.ROUTINE, text="eve"), {"1.2"}),
            (StudyFilter(received_from=BEGAN + timedelta(minutes=2)), {"1.2", "1.3"}),
            (StudyFilter(received_until=BEGAN + timedelta(minutes=2), text="d"), {"1.1"}),
        ):
            assert self.find(ledger, wanted) == found, wanted

    @pytest.mark.usefixtures("_both_ways")
    @pytest.mark.parametrize("wanted", [StudyFilter(), StudyFilter(text="doe"), StudyFilter(modality="US")])
    def test_pages_hold_every_study_once_newest_first(self, ledger: Ledger, wanted: StudyFilter) -> None:
        # Two of them came at one moment; each has two words that begin alike.
        uids = [study(ledger, f"1.{n}", n // 2, patient_name="Doe^Doeline") for n in range(1, 8)]
        assert self.paged(ledger, wanted, 3) == uids[::-1]

    @pytest.mark.usefixtures("_both_ways")
    @pytest.mark.parametrize(
        "wanted",
        [
            StudyFilter(text="doe", modality="MG"),
            StudyFilter(states=(StudyState.RECEIVED, StudyState.ASSEMBLED), modality="MG"),
            StudyFilter(priority=Priority.ROUTINE, modality="MG"),
        ],
    )
    def test_looking_ends_after_some_studies_and_goes_on_from_there(
        self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, wanted: StudyFilter
    ) -> None:
        """However few of the last ones are wanted, and whatever state they are in."""
        monkeypatch.setattr(search, "LOOKED_THROUGH", 4)
        for number in range(20):
            modality = "MG" if number in {2, 3, 11, 19} else "US"
            study(ledger, f"1.{number + 1}", number // 2, patient_name="Doe^Ann", modalities=(modality,))
        with ledger.begin() as tx:
            for uid in ("1.3", "1.12", "1.13", "1.14", "1.15", "1.16"):
                tx.studies.move(uid, StudyEvent.STUDY_COMPLETE, "complete")
        assert self.paged(ledger, wanted, 3) == ["1.20", "1.12", "1.4", "1.3"]

    def test_a_changed_name_is_found_and_the_old_one_is_not(self, ledger: Ledger) -> None:
        study(ledger, "1.1", patient_name="Doe^Ann")
        scored(ledger, "1.1")
        study(ledger, "1.1", patient_name="Roe^Ann")
        assert self.find(ledger, StudyFilter(text="doe")) == set()
        assert self.find(ledger, StudyFilter(text="roe", category="4C")) == {"1.1"}

    def test_what_is_read_in_the_shadow_is_not_found_by(self, ledger: Ledger) -> None:
        study(ledger, "1.1")
        scored(ledger, "1.1", "4A")
        scored(ledger, "1.1", "5", "newer", shadow=True)
        assert self.find(ledger, StudyFilter(category="5")) == set()
        assert self.find(ledger, StudyFilter(category="4A")) == {"1.1"}

    def test_counting_ends_where_nobody_counts(self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(search, "COUNTED", 2)
        for number in range(4):
            study(ledger, f"1.{number + 1}")
        with ledger.begin() as tx:
            tx.studies.move("1.1", StudyEvent.STUDY_COMPLETE, "complete")
            assert tx.search.counts() == {StudyState.RECEIVED: 3, StudyState.ASSEMBLED: 1}

    def find(self, ledger: Ledger, wanted: StudyFilter) -> set[str]:
        with ledger.read() as tx:
            found = tx.search.find(wanted, 50)
        assert found.further is None
        return set(found.study_instance_uids)

    def paged(self, ledger: Ledger, wanted: StudyFilter, limit: int) -> list[str]:
        """Page by page, with cursors as they stand in an address."""
        with ledger.read() as tx:
            page = tx.search.find(wanted, limit)
            found = page.study_instance_uids
            while page.further:
                page = tx.search.find(wanted, limit, Cursor.parse(str(page.further)))
                assert len(page.study_instance_uids) <= limit
                found += page.study_instance_uids
        return found
