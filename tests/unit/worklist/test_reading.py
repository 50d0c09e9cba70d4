from fastapi.testclient import TestClient

from service.access.person import somebody
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.deliveries import DeliveryState, Proof
from service.storage.store.memory import MemoryStore
from service.study.result import ClassifierIdentity
from service.study.state import AnalysisState, StudyState
from service.worklist.entries import WorklistEntry
from service.worklist.listing import Listing
from service.worklist.reading import read_page, read_study
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import DOPPLER, Seed

OTHER = ClassifierIdentity("us-second", "0.9.0", "Second opinion", "cd" * 32, 0.5)


def entry_of(seed: Seed) -> WorklistEntry:
    detail = read_study(seed.ledger, seed.uid, research=True)
    assert detail is not None
    return detail.entry


def test_positive_study_shows_its_most_suspicious_image(seed: Seed) -> None:
    entry = entry_of(reading_room.positive(seed))

    (classifier,) = entry.classifiers
    assert classifier.score is not None
    assert (classifier.title, classifier.version) == ("Breast mass on ultrasound", "1.0.0")
    assert (classifier.score.probability, classifier.threshold) == (0.873, 0.3)
    assert (classifier.score.positive, classifier.score.category) == (True, "4C")
    assert classifier.score.laterality == "L"
    assert (entry.state, entry.research, entry.heatmap_available) == (StudyState.DELIVERED, True, True)


def test_negative_study_has_a_score_below_the_operating_point(seed: Seed) -> None:
    (classifier,) = entry_of(reading_room.negative(seed)).classifiers

    assert classifier.score is not None
    assert (classifier.score.probability, classifier.score.positive) == (0.041, False)
    assert [image.probability for image in classifier.images] == [0.041, 0.012]


def test_two_breasts_have_a_score_each_the_right_one_first(seed: Seed) -> None:
    (classifier,) = entry_of(reading_room.two_breasts(seed)).classifiers

    assert [(b.laterality, b.probability) for b in classifier.breasts] == [("R", 0.182), ("L", 0.873)]


def test_study_that_was_not_analysed_has_reasons_and_no_score(seed: Seed) -> None:
    entry = entry_of(reading_room.not_analysed(seed))

    (classifier,) = entry.classifiers
    assert (entry.state, classifier.state) == (StudyState.NOT_ANALYSED, AnalysisState.NOT_ANALYSED)
    assert (classifier.score, classifier.breasts, classifier.images) == (None, (), ())
    assert [refusal.reason for refusal in classifier.refusals] == [DOPPLER, DOPPLER]
    assert DOPPLER in entry.reason
    assert not entry.heatmap_available


def test_study_that_is_being_received_says_what_it_waits_for(seed: Seed) -> None:
    entry = entry_of(reading_room.receiving(seed))

    assert (entry.state, entry.classifiers, entry.instance_count) == (StudyState.RECEIVED, (), 4)
    assert "quiet period" in entry.reason


def test_failed_study_says_why(seed: Seed) -> None:
    entry = entry_of(reading_room.failed(seed))

    assert entry.state is StudyState.FAILED
    assert "this worker has no classifier" in entry.reason


def test_frames_of_a_cine_have_their_own_scores_and_heatmaps(seed: Seed) -> None:
    (classifier,) = entry_of(reading_room.cine(seed)).classifiers

    assert [image.frame_number for image in classifier.images] == [7, 23]
    assert [image.heatmap[-8:] for image in classifier.images] == ["&frame=7", "frame=23"]


def test_late_image_leaves_the_earlier_score_in_sight(seed: Seed) -> None:
    entry = entry_of(reading_room.reopened(seed))

    (classifier,) = entry.classifiers
    assert (entry.state, entry.revision) == (StudyState.RECEIVED, 2)
    assert (classifier.outdated, classifier.revision) == (True, 1)
    assert classifier.score is not None
    assert classifier.score.probability == 0.612


def test_new_score_replaces_the_earlier_one(seed: Seed) -> None:
    reading_room.reopened(seed).queue()
    seed.analyse(seed.score(2, 0.02, "R"))

    (classifier,) = entry_of(seed).classifiers

    assert (classifier.outdated, classifier.revision) == (False, 2)
    assert [image.probability for image in classifier.images] == [0.02]


def test_heatmaps_are_not_offered_before_they_are_written(seed: Seed) -> None:
    seed.receive().queue().analyse(seed.score(1, 0.6, "L"))

    entry = entry_of(seed)

    assert entry.classifiers[0].images[0].heatmap == ""
    assert not entry.heatmap_available


def test_two_classifiers_have_an_entry_each(seed: Seed) -> None:
    seed.receive().queue("us-mass", "us-second")
    seed.analyse(seed.score(1, 0.4, "L")).analyse(seed.score(1, 0.45, "L"), classifier=OTHER)

    first, second = entry_of(seed).classifiers

    assert (first.name, first.threshold) == ("us-mass", 0.3)
    assert (second.title, second.threshold) == ("Second opinion", 0.5)


def test_destination_shows_how_many_objects_it_holds_and_by_what_proof(seed: Seed) -> None:
    (destination,) = entry_of(reading_room.positive(seed)).destinations

    assert (destination.destination, destination.state) == ("pacs", DeliveryState.DELIVERED)
    assert (destination.delivered, destination.total) == (2, 2)
    assert destination.proof is Proof.STORE_STATUS


def test_object_that_is_not_confirmed_speaks_for_its_destination(client: TestClient, seed: Seed) -> None:
    score = seed.receive().score(1, 0.873, "L")
    seed.queue().analyse(score).report(score)
    with seed.ledger.begin() as tx:
        one, other = tx.deliveries.of_study(seed.uid, 1)
        tx.deliveries.mark(one.sop_instance_uid, "pacs", DeliveryState.SENT, Proof.NONE, "stored")
        tx.deliveries.mark(other.sop_instance_uid, "pacs", DeliveryState.DELIVERED, Proof.COMMITMENT, "")

    (destination,) = entry_of(seed).destinations

    assert (destination.state, destination.delivered) == (DeliveryState.SENT, 1)
    assert "stored there, not confirmed yet" in client.get("/").text
    assert "kept by storage commitment" in client.get(f"/studies/{seed.uid}").text


def test_one_rejected_object_speaks_for_its_destination(seed: Seed) -> None:
    score = seed.receive().score(1, 0.873, "L")
    seed.queue().analyse(score).report(score)
    with seed.ledger.begin() as tx:
        worst, other = tx.deliveries.of_study(seed.uid, 1)
        tx.deliveries.mark(other.sop_instance_uid, "pacs", DeliveryState.DELIVERED, Proof.STORE_STATUS, "")
        tx.deliveries.mark(
            worst.sop_instance_uid, "pacs", DeliveryState.REJECTED, Proof.NONE, "0xA900 no match"
        )

    (destination,) = entry_of(seed).destinations

    assert (destination.state, destination.delivered, destination.total) == (DeliveryState.REJECTED, 1, 2)
    assert (destination.proof, destination.detail) == (Proof.NONE, "0xA900 no match")


def test_page_holds_its_part_of_the_list_newest_first(ledger: Ledger, store: MemoryStore) -> None:
    reading_room.fill(ledger, store)

    first = read_page(ledger, Listing(limit=1), research=True, person=somebody(""))
    page = read_page(ledger, Listing(limit=2, before=first.next), research=True, person=somebody(""))

    assert [entry.header.patient_name for entry in page.entries] == ["Novák^Jana", "Wang^XiaoDong=王^小东"]
    assert sum(page.counts.values()) == 9
    assert next(iter(page.counts)) is StudyState.RECEIVED


def test_page_mixes_nothing_between_studies(ledger: Ledger, store: MemoryStore) -> None:
    reading_room.fill(ledger, store)

    for entry in read_page(ledger, Listing(), research=True, person=somebody("")).entries:
        alone = read_study(ledger, entry.study_instance_uid, research=True)
        assert alone is not None
        assert alone.entry == entry


def test_detail_tells_every_state_and_every_delivery(seed: Seed) -> None:
    reading_room.positive(seed)

    detail = read_study(seed.ledger, seed.uid, research=True)

    assert detail is not None
    assert [step.state for step in detail.history][-2:] == [StudyState.REPORTED, StudyState.DELIVERED]
    assert [stored.kind for stored in detail.objects] == ["heatmap", "sr"]
    assert {d.state for stored in detail.objects for d in stored.deliveries} == {DeliveryState.DELIVERED}


def test_unknown_study_is_none(ledger: Ledger) -> None:
    assert read_study(ledger, "1.2.3", research=True) is None
