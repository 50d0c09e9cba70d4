"""Images of delivered studies leave after their time, and nothing else ever does."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select

from service.errors import StoreUnavailable
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.schema.tables import history, studies
from service.storage.ledger.steps.receive import record_received
from service.storage.ledger.tables.deliveries import DeliveryState, Proof, StoredObject
from service.storage.ledger.tables.studies import IMAGES_REMOVED
from service.storage.retention.images import ImageRetention
from service.storage.store.memory import MemoryStore
from service.storage.store.port import InstanceStore
from service.study.model import ReceivedInstance
from service.study.state import StudyEvent
from tests.factories import STUDY, received

WAY = (
    StudyEvent.STUDY_COMPLETE,
    StudyEvent.WORK_QUEUED,
    StudyEvent.ANALYSES_FINISHED,
    StudyEvent.OBJECTS_WRITTEN,
)
OTHER_FILES = (
    f"analyses/{STUDY}/1-us-mass/1.png",
    f"objects/{STUDY}/1.9.dcm",
    "quarantine/2026-03-01/00000000-0000-0000-0000-000000000000.dcm",
    f"instances/{STUDY}/1.2-of-other-content.dcm",
)


@pytest.fixture
def images(ledger: Ledger, store: MemoryStore) -> list[ReceivedInstance]:
    """Two images of a study that has gone all the way, among files of other kinds."""
    images = [receive(ledger, store, number) for number in range(2)]
    for key in OTHER_FILES:
        store.put(key, b"kept")
    report(ledger)
    deliver(ledger)
    return images


def receive(ledger: Ledger, store: InstanceStore, number: int) -> ReceivedInstance:
    image = received(key=f"instances/{STUDY}/{number}.dcm")
    store.put(image.key, b"pixels")
    record_received(ledger, image)
    return image


def report(ledger: Ledger) -> None:
    with ledger.begin() as tx:
        for event in WAY:
            tx.studies.move(STUDY, event, "")
        revision = tx.studies.lock(STUDY).revision
        uid = f"1.9.{revision}"
        stored = StoredObject(uid, STUDY, revision, "us-mass", "sr", "1.2", "1.8", "objects/1.dcm", now())
        tx.deliveries.add_object(stored)
        tx.deliveries.add(stored, "pacs")


def deliver(ledger: Ledger, proof: Proof = Proof.STORE_STATUS) -> None:
    with ledger.begin() as tx:
        revision = tx.studies.lock(STUDY).revision
        tx.deliveries.mark(f"1.9.{revision}", "pacs", DeliveryState.DELIVERED, proof, "0x0000 Success")
        tx.studies.move(STUDY, StudyEvent.ALL_DELIVERED, "1 object delivered to pacs")


def now() -> datetime:
    return datetime.now(UTC)


def retention(ledger: Ledger, store: MemoryStore, days_later: float = 31) -> ImageRetention:
    """With 30 days, so many days later."""
    return ImageRetention(ledger, store, 30, lambda: now() + timedelta(days=days_later))


def test_images_are_removed_after_their_time_and_the_history_says_so(
    ledger: Ledger, store: MemoryStore, images: list[ReceivedInstance]
) -> None:
    retention(ledger, store).turn()
    assert store.keys("") == sorted(OTHER_FILES)
    with ledger.read() as tx:
        last = tx.studies.history(STUDY)[-1]
        assert list(tx.instances.of_study(STUDY)) == images
    assert (last.event, last.state) == (IMAGES_REMOVED, "delivered")
    assert last.reason.startswith("2 images were removed here, 30 days or more after")


def test_looking_removes_nothing(ledger: Ledger, store: MemoryStore, images: list[ReceivedInstance]) -> None:
    removal = retention(ledger, store).look(STUDY)
    assert removal is not None
    assert (removal.images, removal.size_bytes) == (2, 2000)
    assert all(store.exists(image.key) for image in images)
    assert retention(ledger, store).due() == [STUDY]


def test_young_ones_stay(ledger: Ledger, store: MemoryStore, images: list[ReceivedInstance]) -> None:
    young = retention(ledger, store, days_later=29)
    assert (young.due(), young.look(STUDY), young.remove(STUDY)) == ([], None, None)
    assert all(store.exists(image.key) for image in images)


def test_study_without_any_delivery_keeps_its_images(ledger: Ledger, store: MemoryStore) -> None:
    receive(ledger, store, 1)
    retention(ledger, store).turn()
    report(ledger)
    retention(ledger, store).turn()
    assert len(store.keys("instances/")) == 1


def test_delivery_without_proof_is_none(ledger: Ledger, store: MemoryStore) -> None:
    receive(ledger, store, 1)
    report(ledger)
    deliver(ledger, Proof.NONE)
    retention(ledger, store).turn()
    assert len(store.keys("instances/")) == 1


def test_study_that_goes_on_with_a_late_image_keeps_its_images(
    ledger: Ledger, store: MemoryStore, images: list[ReceivedInstance]
) -> None:
    late = retention(ledger, store)
    assert late.due() == [STUDY]
    receive(ledger, store, 3)
    assert late.remove(STUDY) is None
    assert len(store.keys(f"instances/{STUDY}/")) == 4


def test_each_revision_is_removed_once(
    ledger: Ledger, store: MemoryStore, images: list[ReceivedInstance]
) -> None:
    retention(ledger, store).turn()
    assert retention(ledger, store).due() == []
    receive(ledger, store, 3)
    report(ledger)
    deliver(ledger)
    retention(ledger, store).turn()
    assert store.keys("") == sorted(OTHER_FILES)
    with ledger.read() as tx:
        removed = [one.revision for one in tx.studies.history(STUDY) if one.event == IMAGES_REMOVED]
    assert removed == [1, 2]


def test_what_an_earlier_version_has_removed_is_marked_and_not_looked_at_again(
    ledger: Ledger, store: MemoryStore, images: list[ReceivedInstance]
) -> None:
    with ledger.begin() as tx:
        tx.studies.note(STUDY, IMAGES_REMOVED, "2 images were removed here")
    assert removed_of(ledger) is None
    retention(ledger, store).turn()
    assert removed_of(ledger) == 1
    assert len(store.keys("instances/")) == 3  # that is what was noted
    with ledger.begin() as tx:
        tx.connection.execute(delete(history).where(history.c.event == IMAGES_REMOVED))
    assert retention(ledger, store).due() == []  # found by the mark


def removed_of(ledger: Ledger) -> int | None:
    with ledger.read() as tx:
        return tx.connection.scalar(select(studies.c.images_removed_of))


def test_removal_that_fails_is_ended_the_next_time(
    ledger: Ledger,
    store: MemoryStore,
    images: list[ReceivedInstance],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(key: str) -> None:
        if key == images[1].key:
            raise StoreUnavailable("the disk does not answer")
        MemoryStore.delete(store, key)

    with monkeypatch.context() as patch:
        patch.setattr(store, "delete", fail)
        with pytest.raises(StoreUnavailable):
            retention(ledger, store).turn()
    assert retention(ledger, store).due() == [STUDY]
    retention(ledger, store).turn()
    assert store.keys("") == sorted(OTHER_FILES)


def test_room_is_made_from_the_oldest_on_until_there_is_enough(
    ledger: Ledger, images: list[ReceivedInstance]
) -> None:
    class Filling(MemoryStore):
        free = 100

        def free_bytes(self) -> int:
            return self.free

        def delete(self, key: str) -> None:
            super().delete(key)
            self.free += 50

    store = Filling()
    at_once = ImageRetention(ledger, store, 0, setting="retention.keep_free_bytes")
    for image in images:
        store.put(image.key, b"pixels")
    at_once.make_room(100)
    assert len(store.keys("")) == 2
    at_once.make_room(200)
    assert store.keys("") == []
    with ledger.read() as tx:
        reason = tx.studies.history(STUDY)[-1].reason
    assert "2 images were removed here, after the results were delivered" in reason
    assert "retention.keep_free_bytes" in reason
