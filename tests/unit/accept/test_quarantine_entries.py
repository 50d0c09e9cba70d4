"""The quarantine with many entries: what one costs, and a process that is killed while it lets one go."""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from service.accept.quarantine.departures import departures
from service.accept.quarantine.entries import QuarantineEntries, quarantined_count
from service.errors import ConfigurationError
from service.storage.store.memory import MemoryStore
from service.storage.store.port import InstanceStore
from service.storage.store.quarantine_key import quarantine_id
from tests.unit.accept.reception import Killed, MortalStore


def fill(store: InstanceStore, count: int, day: str = "2026-03-01") -> list[str]:
    """Quarantine `count` instances; their IDs."""
    ids = [quarantine_id(f"1.2.{number}", "00") for number in range(count)]
    for number, one in enumerate(ids):
        reason = {"received_at": f"{day}T10:00:00+00:00", "sop_instance_uid": f"1.2.{number:06}"}
        store.put(f"quarantine/{day}/{one}.dcm", b"pixels")
        store.put(f"quarantine/{day}/{one}.json", json.dumps(reason).encode())
    return ids


class CountingStore(MemoryStore):
    """Counts what is asked of it, and the bytes that are written."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = self.written_bytes = 0

    def put(self, key: str, data: bytes | memoryview) -> None:
        self.calls += 1
        self.written_bytes += len(data)
        super().put(key, data)

    def get(self, key: str) -> bytes:
        self.calls += 1
        return super().get(key)

    def keys(self, prefix: str) -> list[str]:
        self.calls += 1
        return super().keys(prefix)


def cost(store: CountingStore, act: Callable[[], object]) -> tuple[int, int]:
    before = store.calls, store.written_bytes
    act()
    return store.calls - before[0], store.written_bytes - before[1]


def test_letting_the_thousandth_go_costs_what_the_first_cost() -> None:
    store = CountingStore()
    ids = fill(store, 1000)
    entries = QuarantineEntries(store)
    costs = [cost(store, partial(discard, entries, one)) for one in ids]
    assert costs == [(2, costs[0][1])] * 1000  # the reason is read, the note is written
    assert (quarantined_count(store), departures(store, 0, 1)[1]) == (0, 1000)


def test_page_reads_no_more_than_it_shows() -> None:
    store = CountingStore()
    fill(store, 500)
    entries = QuarantineEntries(store)
    assert cost(store, lambda: entries.page(490, 50))[0] == 10
    assert len(entries) == 500


def test_pages_show_every_entry_once_the_newest_day_first() -> None:
    store = MemoryStore()
    fill(store, 3, "2026-03-01")
    fill(store, 4, "2026-03-02")
    entries = QuarantineEntries(store)
    shown = [one for offset in range(0, 9, 3) for one in entries.page(offset, 3)]
    assert [one.received_at[:10] for one in shown] == ["2026-03-02"] * 4 + ["2026-03-01"] * 3
    assert len({one.key for one in shown}) == 7


def test_entry_of_several_days_is_found_once_and_goes_as_a_whole() -> None:
    store = MemoryStore()
    (one,) = fill(store, 1, "2026-03-01")
    fill(store, 1, "2026-03-02")
    entry = QuarantineEntries(store).find(one[:8])
    assert entry.received_at.startswith("2026-03-02")
    discard(QuarantineEntries(store), one)
    assert store.keys("quarantine/") == []


def test_what_is_quarantined_again_and_leaves_again_is_noted_twice() -> None:
    store = MemoryStore()
    for day in ("2026-03-01", "2026-03-02"):
        (one,) = fill(store, 1, day)
        discard(QuarantineEntries(store), one)
    notes, count = departures(store, 0, 10)
    assert ([note["received_at"][:10] for note in notes], count) == (["2026-03-02", "2026-03-01"], 2)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_step_an_entry_leaves_once_with_one_note(after: bool) -> None:
    at, is_killed = 0, True
    while is_killed:
        at += 1
        store = MortalStore()
        gone, stays = fill(store, 2)
        store.changes, store.at, store.after = 0, at, after
        with suppress(Killed):
            discard(QuarantineEntries(store), gone)
        is_killed, store.at = store.changes >= at, None
        with suppress(ConfigurationError):  # it has left already
            discard(QuarantineEntries(store), gone)
        (note,), count = departures(store, 0, 10)
        assert (note["id"], note["action"], count) == (gone, "discarded", 1)
        assert [entry.id for entry in QuarantineEntries(store).page(0, 10)] == [stays]
    assert at > 3, "no step was met"


def discard(entries: QuarantineEntries, one: str) -> None:
    entries.remove(entries.find(one), "discarded", "pacs-admin", "sent by mistake")
