from datetime import UTC, datetime, timedelta

from service.accept.quarantine.departures import departures
from service.accept.quarantine.expiry import QuarantineExpiry
from service.storage.store.memory import MemoryStore
from service.storage.store.quarantine_key import quarantine_key

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def quarantine(store: MemoryStore, uid: str, days_ago: int) -> str:
    key = quarantine_key(uid, "00", NOW - timedelta(days=days_ago))
    store.put(f"{key}.dcm", b"bytes")
    store.put(f"{key}.json", b"{}")
    return f"{key}.dcm"


def expiry(store: MemoryStore) -> QuarantineExpiry:
    return QuarantineExpiry(store, 30, lambda: NOW)


def test_entry_leaves_after_its_time_and_the_journal_tells_it() -> None:
    store = MemoryStore()
    old, young = quarantine(store, "1.1", 31), quarantine(store, "1.2", 30)
    assert [one.key for one in expiry(store).due()] == [old]
    expiry(store).turn()
    assert [key for key in store.keys("quarantine/") if key.endswith(".dcm")] == [young]
    (left,), count = departures(store, 0, 10)
    assert (count, left["action"]) == (1, "expired")
    assert "retention.quarantine_days" in left["why"]


def test_entry_that_was_set_aside_again_stays() -> None:
    store = MemoryStore()
    quarantine(store, "1.1", 90)
    quarantine(store, "1.1", 3)
    expiry(store).turn()
    assert len([key for key in store.keys("quarantine/") if key.endswith(".dcm")]) == 2
