from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from service.accept.association.event_reports import EventReport
from service.accept.commitment.reporter import LONGEST_DELAY
from service.errors import LedgerUnavailable, PeerUnavailable
from service.storage.ledger.tables.commitments import Reference
from tests.fakes.datasets import US_IMAGE
from tests.unit.accept.commitment_desk import CommitmentDesk


class Peers:
    """Remembers what it was told; raises `failure` when it is set."""

    def __init__(self) -> None:
        self.told: list[tuple[str, EventReport]] = []
        self.failure: Exception | None = None

    def send(self, ae_title: str, report: EventReport) -> None:
        self.told.append((ae_title, report))
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[CommitmentDesk]:
    desk = CommitmentDesk(tmp_path)
    yield desk
    desk.ledger.close()


def ask(desk: CommitmentDesk, ae_title: str = "US1", sop_instance_uid: str = "") -> int:
    """A request about an instance that is kept unless it is named; asked two seconds ago."""
    uid = sop_instance_uid or desk.keep().sop_instance_uid
    with desk.ledger.begin() as tx:
        return tx.commitments.add(
            "1.9", ae_title, [Reference(US_IMAGE, uid)], desk.now() - timedelta(seconds=2)
        )


def test_report_is_sent_once_and_its_answer_entered(desk: CommitmentDesk) -> None:
    ask(desk)
    peers = Peers()
    reporter = desk.reporter(peers.send)
    reporter.turn()
    reporter.turn()
    ((ae_title, report),) = peers.told
    (commitment,) = desk.commitments()
    assert (ae_title, report.event_type_id) == ("US1", 1)
    assert commitment.answered_at is not None
    assert (commitment.attempts, commitment.reason) == (1, "reported 1 of 1 instances as committed")


def test_what_is_not_found_is_reported_after_the_grace(desk: CommitmentDesk) -> None:
    ask(desk, sop_instance_uid="1.5.1")
    peers = Peers()
    reporter = desk.reporter(peers.send)
    reporter.turn()
    assert peers.told == []
    desk.ahead = timedelta(seconds=5)
    reporter.turn()
    assert peers.told[0][1].event_type_id == 2


def test_what_is_not_found_while_instances_wait_for_the_ledger_is_reported_later(
    desk: CommitmentDesk,
) -> None:
    ask(desk, sop_instance_uid="1.5.1")
    peers = Peers()
    reporter = desk.reporter(peers.send)
    desk.is_settling = True
    desk.ahead = timedelta(minutes=9)
    reporter.turn()
    assert peers.told == []
    desk.ahead = timedelta(minutes=11)
    reporter.turn()
    assert peers.told[0][1].event_type_id == 2


def test_request_that_an_association_holds_is_left_to_it(desk: CommitmentDesk) -> None:
    number = ask(desk)
    peers = Peers()
    reporter = desk.reporter(peers.send)
    desk.held.hold(number)
    reporter.turn()
    assert peers.told == []
    desk.held.release(number)
    reporter.turn()
    assert len(peers.told) == 1


def test_peer_that_is_away_is_told_later_and_later(desk: CommitmentDesk) -> None:
    ask(desk)
    peers = Peers()
    peers.failure = PeerUnavailable("US1 cannot be reached")
    reporter = desk.reporter(peers.send)
    waits = []
    while desk.ahead < timedelta(hours=2):
        told, before = len(peers.told), desk.ahead
        while len(peers.told) == told:
            reporter.turn()
            desk.ahead += timedelta(seconds=1)
        waits.append(round((desk.ahead - before).total_seconds(), -1))
    (commitment,) = desk.commitments()
    assert waits == sorted(waits)
    assert 1000 < waits[-1] <= LONGEST_DELAY.total_seconds() + 10
    assert (commitment.attempts, commitment.answered_at) == (len(peers.told), None)
    assert commitment.reason == "US1 cannot be reached"


def test_peer_that_comes_back_is_told_by_a_new_process(desk: CommitmentDesk) -> None:
    ask(desk)
    peers = Peers()
    peers.failure = PeerUnavailable("US1 cannot be reached")
    desk.reporter(peers.send).turn()
    peers.failure = None
    desk.reporter(peers.send).turn()
    (commitment,) = desk.commitments()
    assert commitment.attempts == 2
    assert commitment.answered_at is not None


def test_request_is_given_up_after_a_day(desk: CommitmentDesk) -> None:
    ask(desk)
    peers = Peers()
    peers.failure = PeerUnavailable("US1 cannot be reached")
    desk.ahead = timedelta(hours=23, minutes=59, seconds=56)
    desk.reporter(peers.send).turn()
    desk.ahead = timedelta(hours=24, minutes=1)
    desk.reporter(peers.send).turn()
    (commitment,) = desk.commitments()
    assert len(peers.told) == 1
    assert commitment.reason == "US1 cannot be reached; given up"


def test_peer_that_is_away_does_not_hold_up_others(desk: CommitmentDesk) -> None:
    ask(desk, "AWAY")
    ask(desk, "AWAY")
    ask(desk, "US1")
    told: list[str] = []

    def send(ae_title: str, _report: EventReport) -> None:
        told.append(ae_title)
        if ae_title == "AWAY":
            raise PeerUnavailable("AWAY cannot be reached")

    desk.reporter(send).turn()
    assert told == ["AWAY", "US1"]


def test_unforeseen_error_does_not_hold_up_others(desk: CommitmentDesk) -> None:
    ask(desk, "US1")
    ask(desk, "US2")
    peers = Peers()
    peers.failure = KeyError("Doe^Jane")
    desk.reporter(peers.send).turn()
    assert [ae_title for ae_title, _ in peers.told] == ["US1", "US2"]
    assert "KeyError" in desk.commitments()[0].reason
    assert "Doe" not in desk.commitments()[0].reason


def test_ledger_that_is_away_ends_the_turn(desk: CommitmentDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(desk)
    peers = Peers()
    reporter = desk.reporter(peers.send)

    def away() -> None:
        raise LedgerUnavailable("the ledger's database does not answer")

    monkeypatch.setattr(desk.ledger, "begin", away)
    with pytest.raises(LedgerUnavailable):
        reporter.turn()
    monkeypatch.undo()
    reporter.turn()
    assert desk.commitments()[0].answered_at is not None
