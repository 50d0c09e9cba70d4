import time

import pytest

from service.errors import NotInThisState
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.send_again import send_again
from service.storage.ledger.tables.deliveries import DeliveryState, Proof
from service.storage.store.memory import MemoryStore
from service.study.state import StudyState
from tests.unit.pipeline import study_of
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed


@pytest.fixture
def delivered(ledger: Ledger, store: MemoryStore) -> Seed:
    return reading_room.positive(Seed(ledger, store, 1))


def test_everything_that_was_taken_is_asked_for_again(delivered: Seed, ledger: Ledger) -> None:
    with ledger.begin() as tx:
        done = send_again(tx, delivered.uid, "anna (administrator)")
    assert done == "2 objects are sent again to pacs"
    with ledger.begin() as tx:
        deliveries = tx.deliveries.of_study(delivered.uid, 1)
        messages = [one.body for one in tx.outbox.claim(["delivery.pacs"], 9, "me", time.time(), 60)]
        history = tx.studies.history(delivered.uid)
    assert {(one.state, one.proof) for one in deliveries} == {(DeliveryState.WAITING, Proof.NONE)}
    assert [one["destination"] for one in messages] == ["pacs"]
    assert study_of(ledger, delivered.uid).state is StudyState.DELIVERED
    assert "asked for by anna (administrator)" in history[-1].reason


@pytest.mark.parametrize("state", ["queued", "rejected"])
def test_what_is_not_delivered_is_not_sent_again(ledger: Ledger, store: MemoryStore, state: str) -> None:
    seed = getattr(reading_room, state)(Seed(ledger, store, 1))
    with pytest.raises(NotInThisState, match="once they have been delivered"), ledger.begin() as tx:
        send_again(tx, seed.uid, "anna")
