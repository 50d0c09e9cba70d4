"""What the ledger promises about its figures, and about what it tells of moves, on every database."""

from datetime import UTC, datetime, timedelta

import pytest

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions import figures as module
from service.storage.ledger.questions.figures import Waiting, figures
from service.storage.ledger.steps.receive import record_all
from service.storage.ledger.tables.deliveries import DeliveryState, Proof, StoredObject
from service.study.messages import InferenceRequest
from service.study.model import Priority
from service.study.move import Move
from service.study.state import StudyEvent, StudyState
from tests.contracts.opened import OnALedger
from tests.factories import received

NOW = datetime.now(UTC)


def receive(ledger: Ledger, study: str, title: str = "US1", at: datetime = NOW) -> None:
    record_all(
        ledger,
        [received(study_instance_uid=study, calling_ae_title=title, received_at=at)],
        at,
    )


def queue(ledger: Ledger, study: str, priority: Priority = Priority.ROUTINE) -> None:
    receive(ledger, study)
    with ledger.begin() as tx:
        tx.studies.move(study, StudyEvent.STUDY_COMPLETE, "")
        tx.studies.move(study, StudyEvent.WORK_QUEUED, "")
        tx.analyses.queue(study, 1, "us-mass", (), priority=priority)
        tx.outbox.add(InferenceRequest(study, 1, "us-mass", priority))


class FiguresContract(OnALedger):
    """Subclass with a fixture `ledger_url` that names an empty database."""

    def test_empty_ledger_has_nothing_waiting(self, ledger: Ledger) -> None:
        with ledger.read() as tx:
            found = figures(tx, ["US1"], ["pacs"])
        assert set(found.studies.values()) == {0}
        assert not any((found.oldest, found.analyses, found.messages, found.dead, found.last_received))
        assert found.deliveries == {("pacs", "waiting"): Waiting(0, None), ("pacs", "sent"): Waiting(0, None)}

    def test_what_waits_is_counted_with_its_oldest(self, ledger: Ledger) -> None:
        receive(ledger, "1.1", at=NOW - timedelta(minutes=5))
        receive(ledger, "1.2")
        queue(ledger, "1.3")
        queue(ledger, "1.4", Priority.URGENT)
        with ledger.read() as tx:
            found = figures(tx, [], [])
        assert found.studies[StudyState.RECEIVED] == 2
        assert found.oldest[StudyState.RECEIVED] == NOW - timedelta(minutes=5)
        assert found.analyses[("us-mass", "routine")].count == 1
        assert found.analyses[("us-mass", "urgent")].count == 1
        assert {key: one.count for key, one in found.messages.items()} == {
            ("inference.us-mass",): 1,
            ("inference.us-mass.urgent",): 1,
        }

    def test_counts_end_somewhere(self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "COUNTED", 2)
        for number in range(3):
            queue(ledger, f"1.{number + 1}")
        with ledger.read() as tx:
            found = figures(tx, [], [])
        assert found.studies[StudyState.QUEUED] == 2
        assert found.analyses[("us-mass", "routine")].count == 2

    def test_dead_letters_of_present_revisions_count(self, ledger: Ledger) -> None:
        queue(ledger, "1.1")
        with ledger.begin() as tx:
            lease = tx.leases.take("1.1", 1, "inference.us-mass")
            tx.leases.bury(lease, "broken")
        with ledger.read() as tx:
            assert figures(tx, [], []).dead[("inference.us-mass",)].count == 1
        receive(ledger, "1.1")
        with ledger.read() as tx:
            assert figures(tx, [], []).dead == {}

    def test_unproven_objects_are_told_by_destination(self, ledger: Ledger) -> None:
        receive(ledger, "1.1")
        with ledger.begin() as tx:
            for number in (1, 2):
                uid = f"2.{number}"
                stored = StoredObject(uid, "1.1", 1, "us-mass", "sr", "1.2", "1.3", f"objects/{uid}", NOW)
                tx.deliveries.add_object(stored)
                tx.deliveries.add(stored, "pacs")
            tx.deliveries.mark("2.1", "pacs", DeliveryState.SENT, Proof.NONE, "")
        with ledger.read() as tx:
            found = figures(tx, [], ["pacs"]).deliveries
        assert (found["pacs", "waiting"].count, found["pacs", "sent"].count) == (1, 1)

    def test_notices_are_told_without_their_host(self, ledger: Ledger) -> None:
        with ledger.begin() as tx:
            tx.notices.put("accept@host-1/space", "full", NOW)
            tx.notices.put("accept@host-2/space", "full", NOW)
        with ledger.read() as tx:
            assert figures(tx, [], []).notices == {"space": 2}

    def test_last_image_of_each_known_scanner_and_of_all_others(self, ledger: Ledger) -> None:
        receive(ledger, "1.1", "US1", NOW - timedelta(hours=2))
        receive(ledger, "1.2", "US1", NOW)
        receive(ledger, "1.3", "STRANGER", NOW - timedelta(hours=1))
        receive(ledger, "1.4", "STRANGER 2", NOW - timedelta(hours=3))
        with ledger.read() as tx:
            found = figures(tx, ["US1", "MG1"], []).last_received
        assert found == {"US1": NOW, "": NOW - timedelta(hours=1)}

    def test_scanner_in_the_middle_of_a_study_costs_one_statement(self, ledger: Ledger) -> None:
        first = received(received_at=NOW)
        record_all(ledger, [first], NOW)
        later = received(received_at=NOW + timedelta(seconds=20))
        assert ledger.heard.new([later]) == {}
        much_later = received(received_at=NOW + timedelta(seconds=40))
        assert ledger.heard.new([later, much_later]) == {first.calling_ae_title: NOW + timedelta(seconds=40)}

    def test_moves_are_told_once_they_are_in_the_ledger(self, ledger: Ledger) -> None:
        told: list[Move] = []
        ledger._on_moves = told.extend
        receive(ledger, "1.1", at=NOW - timedelta(seconds=30))
        receive(ledger, "1.1")
        assert [(move.event, move.before, move.after) for move in told] == [
            (StudyEvent.INSTANCE_RECEIVED, None, StudyState.RECEIVED)
        ]
        told.clear()
        with pytest.raises(ZeroDivisionError), ledger.begin() as tx:
            tx.studies.move("1.1", StudyEvent.STUDY_COMPLETE, "")
            raise ZeroDivisionError
        assert told == []
        with ledger.begin() as tx:
            tx.studies.move("1.1", StudyEvent.STUDY_COMPLETE, "")
        (move,) = told
        assert (move.before, move.after) == (StudyState.RECEIVED, StudyState.ASSEMBLED)
        assert move.since_last_image_s >= 0.0
