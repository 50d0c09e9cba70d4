"""What the sender makes of a destination's answers; the destination is a fake, the ledger is real."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from service.config import Destination
from service.errors import NotConfirmed, PeerAborted, PeerRefused, PeerUnavailable, Permanent
from service.net.enter_commitment import enter_report
from service.send.sender import Sender
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.commitments import Reference
from service.storage.ledger.tables.deliveries import DeliveryState, Proof, StoredObject
from service.storage.store.memory import MemoryStore
from service.study.messages import DeliveryRequest
from service.study.state import StudyState
from tests.factories import STUDY
from tests.fakes.link import FakePacs
from tests.unit.outgoing_study import HEATMAP, REQUEST, SR, deliveries_in, report_study, study_in

REFUSED = "no storage commitment here"


class Desk:
    """A sender with a clock that can be put on, and the one PACS that it sends to."""

    def __init__(self, ledger: Ledger, store: MemoryStore, pacs: FakePacs, **settings: Any) -> None:
        self.ledger, self.pacs = ledger, pacs
        self.ahead = timedelta()
        to = {"name": "pacs", "host": "127.0.0.1", "port": 104, "ae_title": "PACS"}
        destination = Destination.model_validate(to | settings)
        self.sender = Sender(ledger, store, {"pacs": destination}, pacs.open, 0.0, self.now)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def handle(self) -> str:
        """The reason why it has to be repeated; empty where it has not."""
        try:
            self.sender.handle(REQUEST)
        except NotConfirmed as error:
            return str(error)
        return ""

    def report(self, number: int = 0) -> None:
        """The PACS reports on what it was asked, on another association."""
        enter_report(self.ledger, self.pacs.report_on(*self.pacs.asked[number]))

    @property
    def proofs(self) -> set[Proof]:
        return {one.proof for one in deliveries_in(self.ledger).values()}

    @property
    def states(self) -> dict[str, DeliveryState]:
        return {uid: one.state for uid, one in deliveries_in(self.ledger).items()}

    @property
    def details(self) -> set[str]:
        return {one.detail for one in deliveries_in(self.ledger).values()}

    @property
    def state(self) -> StudyState:
        return study_in(self.ledger).state

    @property
    def reason(self) -> str:
        return study_in(self.ledger).reason


@pytest.fixture(autouse=True)
def reported(ledger: Ledger, store: MemoryStore) -> None:
    report_study(ledger, store)


def test_study_is_delivered_when_every_object_has_arrived(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(ledger, store, FakePacs())
    assert desk.handle() == ""
    assert desk.pacs.got == [HEATMAP, SR]  # what the report refers to comes first
    assert (desk.state, desk.proofs) == (StudyState.DELIVERED, {Proof.STORE_STATUS})


def test_repeated_request_sends_nothing_again(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(ledger, store, FakePacs())
    desk.handle()
    desk.handle()
    assert (len(desk.pacs.got), desk.pacs.opened) == (2, 1)


def test_only_what_is_missing_is_sent_after_the_pacs_was_out_of_resources(
    ledger: Ledger, store: MemoryStore
) -> None:
    desk = Desk(ledger, store, FakePacs(statuses={SR: 0xA700}))
    with pytest.raises(PeerUnavailable, match="out of resources"):
        desk.handle()
    assert desk.state is StudyState.REPORTED
    assert "pacs did not take everything: the PACS is out of resources" in desk.reason

    desk.pacs.statuses.clear()
    desk.handle()

    assert desk.pacs.got == [HEATMAP, SR, SR]
    assert study_in(ledger).state is StudyState.DELIVERED


@pytest.mark.parametrize("status", [0xC000, 0xA900, 0x0122, 0x0110])
def test_rejected_object_fails_the_study_with_the_reason(
    ledger: Ledger, store: MemoryStore, status: int
) -> None:
    desk = Desk(ledger, store, FakePacs(statuses={SR: status}))
    assert desk.handle() == ""
    assert desk.state is StudyState.FAILED
    assert "pacs rejected 1 objects" in desk.reason
    assert f"0x{status:04X}" in desk.reason
    assert desk.states == {SR: DeliveryState.REJECTED, HEATMAP: DeliveryState.DELIVERED}


@pytest.mark.parametrize("status", [0xB000, 0xB006, 0xB007])
def test_object_with_a_warning_is_stored_and_the_ledger_keeps_the_warning(
    ledger: Ledger, store: MemoryStore, status: int
) -> None:
    desk = Desk(ledger, store, FakePacs(statuses={SR: status}, no_query=""))
    assert desk.handle() == ""
    assert (desk.state, desk.proofs) == (StudyState.DELIVERED, {Proof.QUERY})


def test_dead_letter_shows_its_reason_on_the_study(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(ledger, store, FakePacs())
    desk.sender.give_up(REQUEST, "nobody answers")
    assert desk.state is StudyState.FAILED
    assert desk.reason == "results could not be sent to pacs: nobody answers"


def test_unknown_destination_is_permanent(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(ledger, store, FakePacs())
    with pytest.raises(Permanent, match="'archive' is not configured here; configured: pacs"):
        desk.sender.handle(DeliveryRequest(STUDY, 1, "archive").to_json())


def test_commitment_at_once_delivers_the_study(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(ledger, store, FakePacs(no_commitment="", report=partial(enter_report, ledger)))
    assert desk.handle() == ""
    assert (desk.state, desk.proofs) == (StudyState.DELIVERED, {Proof.COMMITMENT})
    assert len(desk.pacs.asked) == 1


def test_commitment_later_delivers_the_study_without_the_sender(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(ledger, store, FakePacs(no_commitment=""))
    assert desk.handle() == "pacs has the results; its report of storage commitment is waited for"
    assert desk.states == dict.fromkeys((SR, HEATMAP), DeliveryState.SENT)
    assert desk.reason == "pacs has the results; its report of storage commitment is waited for"
    assert desk.handle() != ""  # repeated while the report is awaited: neither asked nor called again
    assert (len(desk.pacs.asked), desk.pacs.opened) == (1, 1)
    desk.report()
    assert (desk.state, desk.proofs) == (StudyState.DELIVERED, {Proof.COMMITMENT})
    assert desk.handle() == ""


def test_what_the_pacs_accepts_and_forgets_is_sent_again(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(
        ledger,
        store,
        FakePacs(no_commitment="", forgets={SR}, report=partial(enter_report, ledger)),
    )
    assert "pacs does not keep it, and gets it again: it does not have the object" in desk.handle()
    assert desk.states == {SR: DeliveryState.WAITING, HEATMAP: DeliveryState.DELIVERED}
    assert desk.state is StudyState.REPORTED
    assert desk.handle() == ""
    assert desk.pacs.got == [HEATMAP, SR, SR]
    assert [len(references) for _, references in desk.pacs.asked] == [2, 1]
    assert (desk.state, desk.proofs) == (StudyState.DELIVERED, {Proof.COMMITMENT})


@pytest.mark.parametrize("confirm", ["auto", "query"])
def test_forgotten_object_is_noticed_by_a_query_once_it_should_be_found(
    ledger: Ledger, store: MemoryStore, confirm: str
) -> None:
    desk = Desk(ledger, store, FakePacs(no_query="", forgets={SR}), confirm=confirm)
    assert desk.handle() == "pacs took 1 objects that C-FIND does not find yet"
    assert desk.states == {SR: DeliveryState.SENT, HEATMAP: DeliveryState.DELIVERED}
    desk.ahead = timedelta(minutes=2)
    assert "does not hold 1 objects that it took (C-FIND): they are sent again" in desk.handle()
    assert desk.handle() == ""
    assert desk.pacs.got == [HEATMAP, SR, SR]
    assert (desk.state, desk.proofs) == (StudyState.DELIVERED, {Proof.QUERY})


def test_without_commitment_a_query_is_the_proof_and_the_detail_says_why(
    ledger: Ledger, store: MemoryStore
) -> None:
    desk = Desk(ledger, store, FakePacs(no_query=""))
    assert desk.handle() == ""
    assert (desk.proofs, desk.details) == ({Proof.QUERY}, {f"found by C-FIND; {REFUSED}"})


def test_without_anything_better_the_status_is_the_proof(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(ledger, store, FakePacs())
    assert desk.handle() == ""
    assert desk.proofs == {Proof.STORE_STATUS}
    assert desk.details == {f"stored (status 0x0000); {REFUSED}; no C-FIND here"}


@pytest.mark.parametrize(
    ("pacs", "proof", "words"),
    [
        (FakePacs(no_commitment="", refuses_commitment="refused"), Proof.STORE_STATUS, "refused; no C-FIND"),
        (FakePacs(no_commitment="", refuses_commitment="refused", no_query=""), Proof.QUERY, "; refused"),
        (FakePacs(no_query="", refuses_query="not for you"), Proof.STORE_STATUS, "not for you"),
    ],
)
def test_refusal_leads_to_the_next_proof(
    ledger: Ledger, store: MemoryStore, pacs: FakePacs, proof: Proof, words: str
) -> None:
    desk = Desk(ledger, store, pacs)
    assert desk.handle() == ""
    assert desk.proofs == {proof}
    assert all(words in detail for detail in desk.details)


@pytest.mark.parametrize(("no_query", "proof"), [("", Proof.QUERY), ("no C-FIND here", Proof.STORE_STATUS)])
def test_report_that_does_not_come_in_time_leads_to_the_next_proof(
    ledger: Ledger, store: MemoryStore, no_query: str, proof: Proof
) -> None:
    desk = Desk(ledger, store, FakePacs(no_commitment="", no_query=no_query), commitment_timeout_s=30)
    assert desk.handle() != ""
    desk.ahead = timedelta(seconds=31)
    assert desk.handle() == ""
    assert (desk.state, desk.proofs) == (StudyState.DELIVERED, {proof})
    assert all("no report of storage commitment came within 30 s" in detail for detail in desk.details)
    desk.report()  # better late than never
    assert desk.proofs == {Proof.COMMITMENT}


def test_named_commitment_is_not_weakened_and_asked_for_again(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(ledger, store, FakePacs(no_query=""), confirm="commitment", commitment_timeout_s=30)
    assert desk.handle() == REFUSED
    assert (desk.state, desk.reason) == (StudyState.REPORTED, REFUSED)
    desk.pacs.no_commitment, desk.pacs.refuses_commitment = "", "refused"
    assert desk.handle() == "refused"
    with ledger.read() as tx:
        assert tx.commitment_requests.of(STUDY, 1, "pacs") == ()
    desk.pacs.refuses_commitment = ""
    assert "is waited for" in desk.handle()
    desk.ahead = timedelta(seconds=31)
    assert "is waited for" in desk.handle()
    assert len(desk.pacs.asked) == 3
    desk.report(2)
    assert desk.handle() == ""
    assert desk.proofs == {Proof.COMMITMENT}


def test_named_query_is_not_weakened(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(ledger, store, FakePacs(no_commitment=""), confirm="query")
    assert desk.handle() == "no C-FIND here"
    desk.pacs.no_query, desk.pacs.refuses_query = "", "not for you"
    assert desk.handle() == "not for you"
    assert (desk.state, desk.pacs.asked) == (StudyState.REPORTED, [])


def test_named_status_asks_for_nothing_more(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(ledger, store, FakePacs(no_commitment="", no_query=""), confirm="status")
    assert desk.handle() == ""
    assert (desk.pacs.asked, desk.proofs) == ([], {Proof.STORE_STATUS})
    assert desk.details == {"stored (status 0x0000)"}


def test_duplicate_is_verified(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(ledger, store, FakePacs(statuses={SR: 0x0111}, no_query="", forgets={SR}))
    assert "does not find yet" in desk.handle()  # it says that it has it, and does not
    desk.ahead = timedelta(minutes=2)
    assert "sent again" in desk.handle()


def test_duplicate_that_nothing_can_verify_counts_as_stored(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(ledger, store, FakePacs(statuses={SR: 0x0111}))
    assert desk.handle() == ""
    delivery = deliveries_in(ledger)[SR]
    assert (delivery.state, delivery.proof) == (DeliveryState.DELIVERED, Proof.STORE_STATUS)
    assert "has an object under this SOP Instance UID already (status 0x0111)" in delivery.detail


def test_request_for_commitment_that_is_not_answered_is_made_again(
    ledger: Ledger, store: MemoryStore
) -> None:
    class Breaking(FakePacs):
        def request_commitment(self, *_: Any) -> str:
            raise PeerUnavailable("gone")

    desk = Desk(ledger, store, Breaking(no_commitment=""))
    with pytest.raises(PeerUnavailable, match="gone"):
        desk.handle()
    assert desk.reason == "gone"
    with ledger.read() as tx:
        assert tx.commitment_requests.of(STUDY, 1, "pacs") == ()


def test_pacs_that_hangs_up_when_it_is_asked_for_commitment_is_queried_on_another_link(
    ledger: Ledger, store: MemoryStore
) -> None:
    class HangsUp(FakePacs):
        def request_commitment(self, *_: Any) -> str:
            self.is_open = False
            raise PeerRefused("it hung up")

    desk = Desk(ledger, store, HangsUp(no_commitment="", no_query=""))
    assert desk.handle() == ""
    assert (desk.pacs.opened, desk.details) == (2, {"found by C-FIND; it hung up"})


def test_report_that_leaves_an_object_out_does_not_deliver_it(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(ledger, store, FakePacs(no_commitment="", no_query=""))
    desk.handle()
    transaction_uid, references = desk.pacs.asked[0]
    enter_report(ledger, desk.pacs.report_on(transaction_uid, references[:1]))
    assert sorted(desk.states.values()) == [DeliveryState.DELIVERED, DeliveryState.SENT]
    assert desk.handle() == ""
    assert desk.proofs == {Proof.COMMITMENT, Proof.QUERY}


class Aborting(FakePacs):
    """Answers every question with A-ABORT."""

    def request_commitment(self, transaction_uid: str, references: Sequence[Reference]) -> str:
        raise PeerAborted("hung up")

    def holds(self, stored: StoredObject) -> bool:
        raise PeerAborted("hung up")


def test_weaker_proof_is_not_taken_for_one_abort_of_the_pacs(ledger: Ledger, store: MemoryStore) -> None:
    desk = Desk(ledger, store, Aborting(no_commitment="", no_query=""))
    for _ in range(2):  # it may be stopped just now: commitment is asked for again, then the query
        with pytest.raises(PeerUnavailable):
            desk.handle()
        assert set(desk.states.values()) == {DeliveryState.SENT}
    assert desk.handle() == ""
    assert (desk.state, desk.proofs) == (StudyState.DELIVERED, {Proof.STORE_STATUS})
