"""Dead letters as a person meets them, over the embedded broker."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from service.enqueue.dead_letters import DISCARDED, DeadLetters, Entry
from service.enqueue.embedded import EmbeddedBroker
from service.enqueue.leasing import Leasing
from service.enqueue.port import DeadLetter, Envelope
from service.errors import ConfigurationError, NotInThisState
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.storage.store.memory import MemoryStore
from service.study.messages import DeliveryRequest, InferenceRequest, Message
from service.study.state import AnalysisState, StudyEvent, StudyState
from tests.contracts.broker import consuming, take
from tests.factories import received
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, messages, phantom, receive, study_of
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed

QUEUES = ["inference.us-mass", "inference.us-second", "report", "delivery.pacs"]
WHY = "no worker has this classifier"

GiveUp = Callable[..., str]


@pytest.fixture
def broker(ledger: Ledger) -> EmbeddedBroker:
    return EmbeddedBroker(ledger, lease_s=60.0)


@pytest.fixture
def dead(ledger: Ledger, broker: EmbeddedBroker) -> DeadLetters:
    return DeadLetters(ledger, broker, QUEUES)


@pytest.fixture
def seed(ledger: Ledger, store: MemoryStore) -> Seed:
    return Seed(ledger, store, 1)


@pytest.fixture
def give_up(ledger: Ledger, broker: EmbeddedBroker) -> GiveUp:
    """Set work aside as `consume` does. Returns the dead letter's ID."""

    def one(request: Message, reason: str = WHY, message_id: str = "") -> str:
        envelope = Envelope(message_id or str(uuid4()), request.queue, request.to_json())
        broker.publish([envelope])
        with consuming(broker, request.queue) as consumer:
            delivery = take(consumer)
            leasing = Leasing(ledger)
            leasing.bury(leasing.take(envelope), reason)
            delivery.dead_letter(reason)
        return envelope.message_id

    return one


class ByBroker(EmbeddedBroker):
    """Has set everything aside by itself."""

    def dead_letters(self, queue: str) -> list[DeadLetter]:
        return [replace(letter, by_broker=True) for letter in super().dead_letters(queue)]


def failed(seed: Seed, give_up: GiveUp) -> str:
    reading_room.failed(seed)
    return give_up(InferenceRequest(seed.uid, 1, "us-mass"))


def half_delivered(seed: Seed, give_up: GiveUp) -> str:
    """One classifier of two has given up; what the other says is delivered."""
    seed.receive(2).queue("us-mass", "us-second")
    score = seed.score(1, 0.9, "L")
    with seed.ledger.begin() as tx:
        tx.analyses.finish(seed.uid, 1, "us-second", AnalysisState.FAILED, WHY)
    letter = give_up(InferenceRequest(seed.uid, 1, "us-second"))
    seed.analyse(score).report(score).deliver()
    return letter


def only(dead: DeadLetters) -> Entry:
    (entry,) = dead.entries()
    return entry


def test_list_joins_the_message_with_the_ledgers_note(dead: DeadLetters, seed: Seed, give_up: GiveUp) -> None:
    letter = failed(seed, give_up)

    entry = only(dead)

    assert (entry.id, entry.reason, entry.superseded) == (letter, WHY, "")
    assert entry.note is not None
    assert entry.study == study_of(seed.ledger, seed.uid)


def test_unambiguous_beginning_of_an_id_will_do(dead: DeadLetters, seed: Seed, give_up: GiveUp) -> None:
    reading_room.failed(seed)
    for work, name in (("us-mass", "aa1"), ("us-second", "aa2"), ("us-second", "aa")):
        give_up(InferenceRequest(seed.uid, 1, work), message_id=name)

    assert [entry.id for entry in dead.find(["aa1", "aa1", "aa"])] == ["aa1", "aa"]
    for beginning, why in (("a", "several"), ("b", "is not the ID")):
        with pytest.raises(ConfigurationError, match=why):
            dead.find([beginning])


def test_unknown_queue_is_said_with_those_that_are_known(dead: DeadLetters) -> None:
    with pytest.raises(ConfigurationError, match=r"no queue 'x' here; there are: inference\.us-mass"):
        dead.entries("x")


def test_retried_study_is_routed_again_and_its_letter_is_gone(
    dead: DeadLetters, seed: Seed, give_up: GiveUp
) -> None:
    failed(seed, give_up)

    assert "routed again" in dead.retry(only(dead), "jo")

    study = study_of(seed.ledger, seed.uid)
    assert (study.state, study.revision) == (StudyState.ASSEMBLED, 1)
    assert "tried again by jo" in study.reason
    assert dead.entries() == []
    with seed.ledger.read() as tx:
        assert tx.leases.given_up() == ()


def test_retried_delivered_study_is_a_new_revision(dead: DeadLetters, seed: Seed, give_up: GiveUp) -> None:
    half_delivered(seed, give_up)

    dead.retry(only(dead), "jo")

    study = study_of(seed.ledger, seed.uid)
    assert (study.state, study.revision) == (StudyState.ASSEMBLED, 2)
    with seed.ledger.read() as tx:
        assert tx.analyses.last_result(seed.uid, "us-mass") is not None


def test_retried_study_is_asked_for_again(
    dead: DeadLetters, ledger: Ledger, store: MemoryStore, give_up: GiveUp
) -> None:
    uid = receive(ledger, store, phantom())
    assemble(ledger, store)
    rule = US_TO_PACS.model_copy(update={"priority": "routine"})
    enqueue(ledger, store, rule)
    assert len(messages(ledger, "inference.us-mass")) == 1
    give_up(InferenceRequest(uid, 1, "us-mass"))
    with ledger.begin() as tx:
        tx.studies.move(uid, StudyEvent.GAVE_UP, WHY)

    dead.retry(only(dead), "jo")
    enqueue(ledger, store, rule)

    assert len(messages(ledger, "inference.us-mass")) == 1


def test_letters_of_one_study_are_all_taken_out_by_one_retry_of_it(
    dead: DeadLetters, seed: Seed, give_up: GiveUp
) -> None:
    failed(seed, give_up)
    give_up(DeliveryRequest(seed.uid, 1, "pacs"))

    done = [dead.retry(entry, "jo") for entry in dead.entries()]

    assert ["superseded" in one for one in done] == [False, True]
    assert dead.entries() == []
    assert len([e for e in history(seed) if e == StudyEvent.RETRIED]) == 1


def test_study_at_work_is_left_alone(dead: DeadLetters, seed: Seed, give_up: GiveUp) -> None:
    seed.receive().queue("us-mass", "us-second")
    give_up(InferenceRequest(seed.uid, 1, "us-second"))

    with pytest.raises(NotInThisState, match="still at work"):
        dead.retry(only(dead), "jo")

    assert only(dead).superseded == ""
    assert study_of(seed.ledger, seed.uid).state is StudyState.QUEUED


def test_letter_of_an_earlier_revision_is_superseded_and_only_taken_out(
    dead: DeadLetters, seed: Seed, give_up: GiveUp
) -> None:
    failed(seed, give_up)
    seed.late_image(7)

    assert "revision 2" in only(dead).superseded
    assert "superseded" in dead.retry(only(dead), "jo")

    assert dead.entries() == []
    assert study_of(seed.ledger, seed.uid).state is StudyState.RECEIVED


def test_letter_of_a_study_that_was_tried_again_is_superseded(
    dead: DeadLetters, seed: Seed, give_up: GiveUp
) -> None:
    failed(seed, give_up)
    with seed.ledger.begin() as tx:
        tx.leases.forget_dead_of(seed.uid)
    assert only(dead).superseded == "the study was tried again since"


def test_discarded_letter_is_told_in_history_and_log(dead: DeadLetters, seed: Seed, give_up: GiveUp) -> None:
    letter = failed(seed, give_up)

    with capture_logs() as logs:
        dead.discard(only(dead), "jo", "test images")

    assert dead.entries() == []
    assert study_of(seed.ledger, seed.uid).state is StudyState.FAILED
    with seed.ledger.read() as tx:
        last = tx.studies.history(seed.uid)[-1]
        assert tx.leases.given_up() == ()
    assert last.event == DISCARDED
    assert last.reason == f"dead letter {letter[:8]} discarded by jo: test images"
    assert logs[-1]["why"] == "test images"


@pytest.mark.parametrize(
    ("body", "why"),
    [({"kind": "greeting"}, "nothing that this version knows"), (None, "no such study")],
)
def test_message_that_nobody_can_work_on_can_only_be_discarded(
    dead: DeadLetters, broker: EmbeddedBroker, body: dict[str, str] | None, why: str
) -> None:
    asked = body or InferenceRequest("1.9", 1, "us-mass").to_json()
    broker.publish([Envelope("1", QUEUES[0], asked)])
    with consuming(broker, QUEUES[0]) as consumer:
        take(consumer).dead_letter("unknown")

    with pytest.raises(NotInThisState, match=why):
        dead.retry(only(dead), "jo")
    dead.discard(only(dead), "jo", "")

    assert dead.entries() == []


def test_what_the_broker_gave_up_by_itself_is_asked_for_again(ledger: Ledger, seed: Seed) -> None:
    seed.receive().queue()
    request = InferenceRequest(seed.uid, 1, "us-mass")
    broker = ByBroker(ledger, 60.0)
    broker.publish([Envelope("1", request.queue, request.to_json())])
    with consuming(broker, request.queue) as consumer:
        take(consumer).dead_letter("died")
    dead = DeadLetters(ledger, broker, QUEUES)

    assert "asked for again" in dead.retry(only(dead), "jo")

    assert messages(ledger, request.queue) == [request.to_json()]


def test_note_without_a_letter_is_told(
    dead: DeadLetters, broker: EmbeddedBroker, seed: Seed, give_up: GiveUp
) -> None:
    letter = failed(seed, give_up)
    assert dead.without_letter() == []
    broker.discard(QUEUES[0], letter)
    assert [note.study_instance_uid for note in dead.without_letter()] == [seed.uid]


def history(seed: Seed) -> list[str]:
    with seed.ledger.read() as tx:
        return [entry.event for entry in tx.studies.history(seed.uid)]


def test_images_that_were_removed_are_asked_for(ledger: Ledger, seed: Seed, give_up: GiveUp) -> None:
    half_delivered(seed, give_up)
    with ledger.begin() as tx:
        tx.studies.note(seed.uid, "images_removed", "removed here")
    dead = DeadLetters(ledger, EmbeddedBroker(ledger, 60.0), QUEUES)
    with pytest.raises(NotInThisState, match="send it again"):
        dead.retry(only(dead), "jo")
    record_received(ledger, received(study_instance_uid=seed.uid))  # which supersedes it
    assert only(dead).superseded


def test_a_classifier_that_no_rule_names_any_more_keeps_its_dead_letters(
    ledger: Ledger, broker: EmbeddedBroker, seed: Seed, give_up: GiveUp
) -> None:
    entry_id = failed(seed, give_up)
    dead = DeadLetters(ledger, broker, ["report"])
    assert [entry.id for entry in dead.entries()] == [entry_id]
    assert [entry.id for entry in dead.entries("inference.us-mass")] == [entry_id]
    assert dead.entries("inference.us-mass.urgent") == []
