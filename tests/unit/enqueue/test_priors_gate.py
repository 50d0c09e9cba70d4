"""Waiting for priors: asked for once, bounded in time, and decided by the ledger alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.config import Rule
from service.enqueue.enqueuer import Enqueuer
from service.enqueue.priors_gate import PriorPolicy, PriorsGate
from service.enqueue.series_enqueuer import SeriesEnqueuer
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.study.prior import PriorFetch, PriorFetchState, PriorsWanted
from service.study.series import CompleteSeries
from service.study.state import StudyEvent, StudyState
from tests.unit.pipeline import US_TO_PACS, assemble, headers_for, messages, phantom, receive, study_of

WANTED = PriorsWanted(2, 5, ("US",))
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Desk:
    """Enqueues with a clock that a test moves."""

    def __init__(self, ledger: Ledger, store: MemoryStore, rule: Rule = US_TO_PACS, **policy: Any) -> None:
        defaults: dict[str, Any] = {
            "of_rules": {"us": WANTED},
            "source": "archive",
            "timeout_s": 60.0,
            "brought_by": {"SCANNER"},
        }
        self.now = START
        self.ledger, self.store = ledger, store
        self.gate = PriorsGate(ledger, PriorPolicy(**defaults | policy), lambda: self.now)
        self.read_header = headers_for(store, rule).header_of
        self.enqueuer = Enqueuer(ledger, [rule], self.read_header, self.gate)

    def enqueue(self, after_s: float = 0.0) -> int:
        self.now += timedelta(seconds=after_s)
        return self.enqueuer.enqueue_assembled()

    def asked(self, uid: str) -> PriorFetch | None:
        with self.ledger.read() as tx:
            return tx.priors.find(uid)

    def history(self, uid: str) -> list[tuple[str, str]]:
        with self.ledger.read() as tx:
            return [(step.event, step.reason) for step in tx.studies.history(uid)]


@pytest.fixture
def uid(ledger: Ledger, store: MemoryStore) -> str:
    """A complete study."""
    uid = receive(ledger, store, phantom())
    assemble(ledger, store)
    return uid


def test_study_waits_for_the_priors_of_its_rule_and_says_so(
    ledger: Ledger, store: MemoryStore, uid: str
) -> None:
    desk = Desk(ledger, store)
    assert [desk.enqueue(), desk.enqueue(30.0)] == [0, 0]
    asked = desk.asked(uid)
    assert asked is not None
    assert (asked.wanted, asked.deadline) == (WANTED, START + timedelta(seconds=60))
    study = study_of(ledger, uid)
    assert study.state is StudyState.ASSEMBLED
    assert study.reason == "complete; waits 60 s at most for priors from archive"
    assert [event for event, _ in desk.history(uid)].count("priors_asked") == 1


def test_study_goes_on_when_its_priors_have_come(ledger: Ledger, store: MemoryStore, uid: str) -> None:
    desk = Desk(ledger, store)
    desk.enqueue()
    with ledger.begin() as tx:
        tx.priors.end(uid, "2 priors are here")
    assert desk.enqueue() == 1
    assert study_of(ledger, uid).state is StudyState.QUEUED


def test_study_goes_on_without_priors_when_its_time_is_over_and_its_history_says_why(
    ledger: Ledger, store: MemoryStore, uid: str
) -> None:
    desk = Desk(ledger, store)
    assert [desk.enqueue(), desk.enqueue(59.0), desk.enqueue(1.0)] == [0, 0, 1]
    reason = dict(desk.history(uid))["priors_ended"]
    assert reason.startswith("priors not fetched: archive did not answer, or not send all of them, within 60")
    assert len(messages(ledger, "inference.us-mass.urgent")) == 1


def test_whoever_fetches_and_dies_holds_nothing_up(ledger: Ledger, store: MemoryStore, uid: str) -> None:
    desk = Desk(ledger, store)
    desk.enqueue()
    with ledger.begin() as tx:
        claimed = tx.priors.claim(START)
    assert claimed is not None and claimed.study_instance_uid == uid
    assert [desk.enqueue(59.0), desk.enqueue(1.0)] == [0, 1]


def test_study_that_no_wish_is_for_does_not_wait(ledger: Ledger, store: MemoryStore, uid: str) -> None:
    desk = Desk(ledger, store, of_rules={"another": WANTED})
    assert (desk.enqueue(), desk.asked(uid)) == (1, None)


def test_manifest_of_a_classifier_asks_as_a_rule_does(ledger: Ledger, store: MemoryStore, uid: str) -> None:
    desk = Desk(ledger, store, of_classifiers={"us-mass": PriorsWanted(4, 1)})
    desk.enqueue()
    asked = desk.asked(uid)
    assert asked is not None and asked.wanted == PriorsWanted(4, 5)


def test_without_a_source_nothing_waits_and_the_history_says_so(
    ledger: Ledger, store: MemoryStore, uid: str
) -> None:
    desk = Desk(ledger, store, source="")
    assert desk.enqueue() == 1
    assert "no PACS to fetch from" in dict(desk.history(uid))["priors_ended"]


def test_late_image_does_not_make_the_study_wait_again(ledger: Ledger, store: MemoryStore) -> None:
    first, second = phantom()
    uid = receive(ledger, store, [first])
    assemble(ledger, store)
    desk = Desk(ledger, store)
    desk.enqueue()
    assert desk.enqueue(60.0) == 1
    receive(ledger, store, [second])
    assemble(ledger, store)
    assert desk.enqueue() == 1
    assert study_of(ledger, uid).revision == 2


def test_prior_is_not_analysed_and_names_its_study(ledger: Ledger, store: MemoryStore, uid: str) -> None:
    with ledger.begin() as tx:
        tx.priors.mark(uid, "1.2.3")
    desk = Desk(ledger, store)
    assert desk.enqueue() == 1
    study = study_of(ledger, uid)
    assert study.state is StudyState.PRIOR
    assert study.reason == "fetched as a prior of study 1.2.3; `preread retry` analyses it"
    assert messages(ledger, "inference.us-mass.urgent") == []
    assert desk.asked(uid) is None


def test_prior_is_analysed_if_the_operator_wants_it_and_asks_for_no_priors_itself(
    ledger: Ledger, store: MemoryStore, uid: str
) -> None:
    with ledger.begin() as tx:
        tx.priors.mark(uid, "1.2.3")
    desk = Desk(ledger, store, analyse=True)
    assert desk.enqueue() == 1
    assert (study_of(ledger, uid).state, desk.asked(uid)) == (StudyState.QUEUED, None)


def test_study_that_somebody_else_has_sent_images_of_is_no_prior(
    ledger: Ledger, store: MemoryStore, uid: str
) -> None:
    with ledger.begin() as tx:
        tx.priors.mark(uid, "1.2.3")
    desk = Desk(ledger, store, brought_by={"ARCHIVE"})
    assert desk.enqueue() == 1
    assert study_of(ledger, uid).state is StudyState.QUEUED


def test_prior_that_is_retried_is_analysed(ledger: Ledger, store: MemoryStore, uid: str) -> None:
    with ledger.begin() as tx:
        tx.priors.mark(uid, "1.2.3")
    desk = Desk(ledger, store, of_rules={})
    desk.enqueue()
    with ledger.begin() as tx:
        tx.studies.move(uid, StudyEvent.RETRIED, "tried again")
        tx.priors.unmark(uid)
    assert desk.enqueue() == 1
    assert study_of(ledger, uid).state is StudyState.QUEUED


def test_complete_series_of_a_prior_is_not_analysed_early(ledger: Ledger, store: MemoryStore) -> None:
    rule = US_TO_PACS.model_copy(update={"level": "series"})
    images = phantom()
    uid = receive(ledger, store, images)
    with ledger.begin() as tx:
        tx.priors.mark(uid, "1.2.3")
    desk = Desk(ledger, store, rule)
    complete = [CompleteSeries(str(images[0].SeriesInstanceUID), "quiet")]
    assert SeriesEnqueuer(ledger, [rule], desk.read_header).enqueue(study_of(ledger, uid), complete)
    assert messages(ledger, "inference.us-mass.urgent") == []


def test_what_has_ended_is_ended_once(ledger: Ledger, store: MemoryStore, uid: str) -> None:
    Desk(ledger, store).enqueue()
    with ledger.begin() as tx:
        assert [tx.priors.end(uid, "first"), tx.priors.end(uid, "second")] == [True, False]
        ended = tx.priors.find(uid)
    assert ended is not None and (ended.state, ended.reason) == (PriorFetchState.ENDED, "first")
