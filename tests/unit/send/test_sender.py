from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from service.config import Destination
from service.errors import PeerUnavailable, Permanent
from service.send.outcome import Sent, outcome
from service.send.scu import OutgoingObject
from service.send.sender import Sender
from service.storage.deliveries import DeliveryState, Proof, StoredObject
from service.storage.ledger import Ledger
from service.storage.memory import MemoryStore
from service.storage.receive import record_received
from service.study.messages import DeliveryRequest
from service.study.model import Study
from service.study.state import StudyEvent, StudyState
from tests.factories import STUDY, received

PACS = Destination(name="pacs", host="127.0.0.1", port=104, ae_title="PACS")
REQUEST = DeliveryRequest(STUDY, 1, "pacs").to_json()


class ScriptedPeer:
    """Answers every object with the statuses it was given, and remembers what it got."""

    def __init__(self, **statuses: int) -> None:
        self.statuses = statuses
        self.got: list[str] = []

    def __call__(self, peer: Destination, objects: Sequence[OutgoingObject]) -> tuple[Sent, ...]:
        self.got += [one.data.decode() for one in objects]
        return tuple(
            outcome(one.sop_instance_uid, self.statuses.get(one.data.decode(), 0)) for one in objects
        )


@pytest.fixture
def reported(ledger: Ledger, store: MemoryStore) -> None:
    """A study whose report and heatmap wait to be sent."""
    record_received(ledger, received())
    with ledger.begin() as tx:
        for event in (
            StudyEvent.STUDY_COMPLETE,
            StudyEvent.WORK_QUEUED,
            StudyEvent.ANALYSES_FINISHED,
            StudyEvent.OBJECTS_WRITTEN,
        ):
            tx.studies.move(STUDY, event, "test")
        for number, kind in enumerate(("sr", "heatmap")):
            stored = StoredObject(
                f"1.5.{number}", STUDY, 1, "us-mass", kind, "1.2.3", "1.4", kind, datetime.now(UTC)
            )
            tx.deliveries.add_object(stored)
            tx.deliveries.add(stored, "pacs")
            store.put(kind, kind.encode())


def sender(ledger: Ledger, store: MemoryStore, peer: ScriptedPeer) -> Sender:
    return Sender(ledger, store, {"pacs": PACS}, peer)


def study_of(ledger: Ledger) -> Study:
    with ledger.read() as tx:
        study = tx.studies.find(STUDY)
    assert study is not None
    return study


@pytest.mark.usefixtures("reported")
def test_study_is_delivered_when_every_object_has_arrived(ledger: Ledger, store: MemoryStore) -> None:
    peer = ScriptedPeer()

    sender(ledger, store, peer).handle(REQUEST)

    assert peer.got == ["heatmap", "sr"]  # what the report refers to comes first
    assert study_of(ledger).state is StudyState.DELIVERED
    with ledger.read() as tx:
        assert {d.proof for d in tx.deliveries.of_study(STUDY, 1)} == {Proof.STORE_STATUS}


@pytest.mark.usefixtures("reported")
def test_repeated_request_sends_nothing_again(ledger: Ledger, store: MemoryStore) -> None:
    peer = ScriptedPeer()
    one = sender(ledger, store, peer)

    one.handle(REQUEST)
    one.handle(REQUEST)

    assert len(peer.got) == 2


@pytest.mark.usefixtures("reported")
def test_only_what_is_missing_is_sent_after_the_pacs_was_out_of_resources(
    ledger: Ledger, store: MemoryStore
) -> None:
    peer = ScriptedPeer(sr=0xA700)
    with pytest.raises(PeerUnavailable, match="out of resources"):
        sender(ledger, store, peer).handle(REQUEST)
    assert study_of(ledger).state is StudyState.REPORTED

    peer.statuses = {}
    sender(ledger, store, peer).handle(REQUEST)

    assert peer.got == ["heatmap", "sr", "sr"]
    assert study_of(ledger).state is StudyState.DELIVERED


@pytest.mark.usefixtures("reported")
def test_rejected_object_fails_the_study_with_the_reason(ledger: Ledger, store: MemoryStore) -> None:
    sender(ledger, store, ScriptedPeer(sr=0xC000)).handle(REQUEST)

    study = study_of(ledger)
    assert study.state is StudyState.FAILED
    assert "pacs rejected 1 objects" in study.reason
    with ledger.read() as tx:
        states = {d.sop_instance_uid: d.state for d in tx.deliveries.of_study(STUDY, 1)}
    assert states == {"1.5.0": DeliveryState.REJECTED, "1.5.1": DeliveryState.DELIVERED}


@pytest.mark.usefixtures("reported")
def test_dead_letter_shows_its_reason_on_the_study(ledger: Ledger, store: MemoryStore) -> None:
    sender(ledger, store, ScriptedPeer()).give_up(REQUEST, "nobody answers")

    study = study_of(ledger)
    assert (study.state, study.reason) == (
        StudyState.FAILED,
        "results could not be sent to pacs: nobody answers",
    )


def test_unknown_destination_is_permanent(ledger: Ledger, store: MemoryStore) -> None:
    with pytest.raises(Permanent, match="'archive' is not configured here; configured: pacs"):
        sender(ledger, store, ScriptedPeer()).handle(DeliveryRequest(STUDY, 1, "archive").to_json())
