"""A study that a person makes urgent, wherever it stands."""

import threading

import pytest

from service.enqueue.consume import consume
from service.enqueue.embedded import EmbeddedBroker
from service.enqueue.leasing import Leasing
from service.enqueue.port import Envelope
from service.enqueue.retry import RetryPolicy
from service.errors import NotInThisState
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.fence import Fence
from service.storage.ledger.steps.make_urgent import make_urgent
from service.storage.store.memory import MemoryStore
from service.study.messages import InferenceRequest, inference_queue
from service.study.model import Priority
from service.study.state import StudyEvent, StudyState
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, messages, phantom, receive, study_of
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed

ROUTINE = US_TO_PACS.model_copy(update={"priority": Priority.ROUTINE, "assume_body_part": "BREAST"})
QUEUES = [inference_queue("us-mass", priority) for priority in (Priority.ROUTINE, Priority.URGENT)]


def hurry(ledger: Ledger, uid: str) -> str:
    with ledger.begin() as tx:
        return make_urgent(tx, uid, "jo")


@pytest.fixture
def uid(ledger: Ledger, store: MemoryStore) -> str:
    """A study that is complete."""
    uid = receive(ledger, store, phantom())
    assemble(ledger, store)
    return uid


def test_waiting_analysis_is_asked_for_again_in_the_urgent_queue(
    ledger: Ledger, store: MemoryStore, uid: str
) -> None:
    enqueue(ledger, store, ROUTINE)

    assert "us-mass moved" in hurry(ledger, uid)
    assert "already" in hurry(ledger, uid)

    (body,) = messages(ledger, QUEUES[1])
    assert (body["priority"], body["assume_body_part"]) == (Priority.URGENT, "BREAST")
    assert study_of(ledger, uid).priority is Priority.URGENT
    with ledger.read() as tx:
        assert "made urgent by jo" in tx.studies.history(uid)[-1].reason


def test_priority_survives_routing(ledger: Ledger, store: MemoryStore, uid: str) -> None:
    hurry(ledger, uid)

    enqueue(ledger, store, ROUTINE)

    assert [len(messages(ledger, queue)) for queue in QUEUES] == [0, 1]
    assert study_of(ledger, uid).priority is Priority.URGENT


def test_analysis_that_is_being_worked_on_is_not_disturbed(
    ledger: Ledger, store: MemoryStore, uid: str
) -> None:
    enqueue(ledger, store, ROUTINE)
    with ledger.begin() as tx:
        lease = tx.leases.take(uid, 1, InferenceRequest(uid, 1, "us-mass").work)

    assert "has begun" in hurry(ledger, uid)

    assert messages(ledger, QUEUES[1]) == []
    with ledger.begin() as tx:
        assert tx.leases.holds(lease)


def test_routine_message_that_is_left_behind_begins_nothing(
    ledger: Ledger, store: MemoryStore, uid: str
) -> None:
    enqueue(ledger, store, ROUTINE)
    hurry(ledger, uid)
    broker, stop, handled = EmbeddedBroker(ledger, 60.0), threading.Event(), []

    def handle(envelope: Envelope, _fence: Fence) -> None:
        handled.append(envelope.queue)
        stop.set()

    consumer = broker.consumer(QUEUES, 1)  # the routine one first
    policy = RetryPolicy((0.01,), 3, 60.0)
    consume(consumer, handle, Leasing(ledger), policy, stop, lambda *_: None)
    consumer.close()

    assert handled == [QUEUES[1]]
    assert [len(messages(ledger, queue)) for queue in QUEUES] == [0, 0]


def test_early_analysis_is_hurried_and_one_of_an_old_revision_is_not(
    ledger: Ledger, store: MemoryStore
) -> None:
    seed = Seed(ledger, store, 1).receive().queue("us-old")
    seed.late_image(3)
    with ledger.begin() as tx:
        tx.analyses.queue(seed.uid, seed.revision, "us-early", ("pacs",), ("1.2",), early=True)
    seed.move(StudyEvent.SERIES_COMPLETE, "early")

    assert hurry(ledger, seed.uid) == "us-early moved to the urgent queue"


def test_study_that_is_analysed_is_refused(ledger: Ledger, store: MemoryStore) -> None:
    seed = reading_room.positive(Seed(ledger, store, 1))
    assert study_of(ledger, seed.uid).state is StudyState.DELIVERED
    with pytest.raises(NotInThisState, match="nothing is left to be hurried"):
        hurry(ledger, seed.uid)
