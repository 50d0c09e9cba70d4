"""Fetching what waiting studies have asked for: which priors, what is said of it, and how it is bounded."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from service.errors import OutOfSpace, PeerUnavailable
from service.fetch.fetcher import Fetched
from service.fetch.found import FoundInstance, FoundStudy
from service.fetch.port import Archive
from service.fetch.prior_fetch import PriorFetching, choose
from service.fetch.query import StudyQuery
from service.fetch.transfer import Transfer
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.study.model import StudyHeader
from service.study.prior import PriorFetch, PriorFetchState, PriorsWanted
from tests.factories import STUDY, received

HEADER = StudyHeader(patient_id="P1", study_date="20260102", patient_birth_date="19700101")
WANTED = PriorsWanted(2, 5)


def prior(uid: str, date: str = "20250101", **values: object) -> FoundStudy:
    return FoundStudy(uid, StudyHeader(patient_id="P1", study_date=date, **values))  # type: ignore[arg-type]


@dataclass
class Pacs:
    """An archive and a fetcher in one; `problems` are what a fetch meets."""

    ledger: Ledger
    studies: list[FoundStudy] = field(default_factory=list)
    failure: Exception | None = None
    problems: tuple[str, ...] = ()
    opened: int = 0
    deadlines: list[float] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    on_fetch: Callable[[str], object] = lambda uid: None

    @contextmanager
    def open(self, deadline: float) -> Iterator[tuple[Archive, "Pacs"]]:
        self.opened += 1
        self.deadlines.append(deadline)
        if self.failure is not None:
            raise self.failure
        yield self, self

    def find_studies(self, query: StudyQuery) -> tuple[FoundStudy, ...]:
        return tuple(self.studies)

    def find_instances(
        self, study_instance_uid: str, without_series: object = ()
    ) -> tuple[FoundInstance, ...]:
        return ()

    def retrieve(self, study_instance_uid: str, instances: object, transfer: Transfer) -> None:
        """Not asked by what is tested here."""

    def fetch(self, study_instance_uid: str, progress: object) -> Fetched:
        self.fetched.append(study_instance_uid)
        self.on_fetch(study_instance_uid)
        got = frozenset() if self.problems else frozenset({"1"})
        return Fetched(study_instance_uid, frozenset({"1"}), got, {}, {}, self.problems)


@pytest.fixture
def pacs(ledger: Ledger) -> Pacs:
    return Pacs(ledger)


def ask(ledger: Ledger, uid: str = STUDY, within_s: float = 60.0) -> None:
    record_received(ledger, received(study_instance_uid=uid))
    with ledger.begin() as tx:
        tx.studies.describe(uid, HEADER)
        tx.priors.ask(PriorFetch(uid, WANTED, datetime.now(UTC) + timedelta(seconds=within_s)))


def outcome(ledger: Ledger, uid: str = STUDY) -> tuple[PriorFetchState, str]:
    with ledger.read() as tx:
        fetch = tx.priors.find(uid)
    assert fetch is not None
    return fetch.state, fetch.reason


def fetching(pacs: Pacs) -> PriorFetching:
    return PriorFetching(pacs.ledger, "archive", pacs.open)


def marks(ledger: Ledger, *uids: str) -> list[str]:
    with ledger.read() as tx:
        return [tx.priors.prior_of(uid) for uid in uids]


def test_priors_are_fetched_and_marked_before_they_come(ledger: Ledger, pacs: Pacs) -> None:
    pacs.studies = [prior("1.1"), prior("1.2", "20240101"), prior("1.3", "20230101")]
    marked: list[str] = []
    pacs.on_fetch = lambda uid: marked.extend(marks(ledger, uid))
    ask(ledger)
    assert fetching(pacs).turn() == 1
    assert (pacs.fetched, marked) == (["1.1", "1.2"], [STUDY, STUDY])
    assert outcome(ledger) == (PriorFetchState.ENDED, "2 priors are here (from archive)")
    with ledger.read() as tx:
        assert "priors_ended" in [step.event for step in tx.studies.history(STUDY)]


def test_study_that_is_here_is_neither_fetched_nor_marked(ledger: Ledger, pacs: Pacs) -> None:
    record_received(ledger, received(study_instance_uid="1.1"))
    pacs.studies = [prior("1.1")]
    ask(ledger)
    fetching(pacs).turn()
    assert (pacs.fetched, marks(ledger, "1.1")) == ([], [""])
    assert outcome(ledger)[1] == "1 priors are here (from archive)"


def test_patient_without_priors_is_told(ledger: Ledger, pacs: Pacs) -> None:
    ask(ledger)
    fetching(pacs).turn()
    assert outcome(ledger) == (PriorFetchState.ENDED, "archive has no such prior of the patient")


def test_prior_that_did_not_come_is_told_and_not_marked_any_more(ledger: Ledger, pacs: Pacs) -> None:
    pacs.studies, pacs.problems = [prior("1.1")], ("the PACS broke off",)
    ask(ledger)
    fetching(pacs).turn()
    assert outcome(ledger)[1] == "priors not fetched, or not whole: the PACS broke off"
    assert marks(ledger, "1.1") == [""]


def test_pacs_that_is_away_is_asked_once_for_all_that_wait(ledger: Ledger, pacs: Pacs) -> None:
    pacs.failure = PeerUnavailable("archive did not answer in time")
    for uid in ("1.2.1", "1.2.2", "1.2.3"):
        ask(ledger, uid)
    assert fetching(pacs).turn() == 3
    assert pacs.opened == 1
    reasons = {outcome(ledger, uid)[1] for uid in ("1.2.1", "1.2.2", "1.2.3")}
    assert reasons == {
        "priors not fetched: archive did not answer in time",
        "priors not fetched: not asked again so soon: archive did not answer in time",
    }


@pytest.mark.parametrize("header", [StudyHeader(), StudyHeader(patient_id="P*", study_date="20260102")])
def test_study_that_does_not_say_whose_it_is_goes_on_without(
    ledger: Ledger, pacs: Pacs, header: StudyHeader
) -> None:
    ask(ledger)
    with ledger.begin() as tx:
        tx.studies.describe(STUDY, header)
    fetching(pacs).turn()
    assert outcome(ledger)[1].startswith("priors not fetched: ")


def test_full_disk_is_told_and_the_pacs_is_asked_again_for_the_next(ledger: Ledger, pacs: Pacs) -> None:
    pacs.failure = OutOfSpace("make room")
    ask(ledger, "1.2.1")
    ask(ledger, "1.2.2")
    fetching(pacs).turn()
    assert (pacs.opened, outcome(ledger, "1.2.2")[1]) == (2, "priors not fetched: make room")


def test_calls_end_at_the_deadline_of_the_study(ledger: Ledger, pacs: Pacs) -> None:
    before = time.monotonic()
    ask(ledger, within_s=60.0)
    fetching(pacs).turn()
    assert before + 59.0 < pacs.deadlines[0] <= time.monotonic() + 60.0


def test_what_is_due_is_not_begun(ledger: Ledger, pacs: Pacs) -> None:
    ask(ledger, within_s=-1.0)
    assert fetching(pacs).turn() == 0
    assert outcome(ledger)[0] is PriorFetchState.ASKED


def test_priors_are_chosen_by_age_modality_and_birth_date() -> None:
    found = [
        prior("1.1", "20251231", modalities=("CT",)),
        prior("1.2", "20250101", modalities=("MG", "SR"), patient_birth_date="19700101"),
        prior("1.3", "20240101", modalities=("MG",), patient_birth_date="19800101"),
        prior("1.4", "20210102"),
        prior("1.5", "20210101", modalities=("MG",)),
    ]
    chosen = choose(found, HEADER, PriorsWanted(9, 5, ("MG",)))
    assert [one.study_instance_uid for one in chosen] == ["1.2", "1.4"]
    assert len(choose(found, HEADER, PriorsWanted(1, 5, ("MG",)))) == 1
