import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Collection
from datetime import UTC, datetime

import pytest

from service.errors import LedgerUnavailable
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions.changed import changed_since
from service.study.assessment import Assessment, Verdict
from service.worklist import live
from service.worklist.live import ALIVE, Event, Live
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(live, "ALIVE_EVERY_S", 0.2)


def uids(changed: Collection[str]) -> list[Event]:
    return [Event("study", {"uids": sorted(changed)})]


async def heard(events: AsyncIterator[bytes], count: int) -> list[bytes]:
    """So many events, without those that only say that the service is there."""
    found: list[bytes] = []
    while len(found) < count:
        event = await asyncio.wait_for(anext(events), 20)
        if event != bytes(ALIVE):
            found.append(event)
    return found


def test_every_page_hears_of_a_change_once(ledger: Ledger, seed: Seed) -> None:
    described: list[Collection[str]] = []

    def describe(changed: Collection[str]) -> list[Event]:
        described.append(changed)
        return uids(changed)

    async def listen() -> list[list[bytes]]:
        stop = threading.Event()
        room = Live(ledger, describe, stop)
        pages = [room.events(lambda: True) for _ in range(3)]
        for page in pages:
            assert await anext(page) == bytes(ALIVE)
        await asyncio.sleep(0.2)  # what was there before is not told
        seed.late_image(1)
        found = [await heard(page, 1) for page in pages]
        stop.set()
        assert [event async for event in pages[0] if event != bytes(ALIVE)] == []
        return found

    (one, *others) = asyncio.run(listen())
    assert seed.uid.encode() in one[0]
    assert others == [one, one]
    assert described == [[seed.uid]]


def test_a_ledger_that_comes_back_is_listened_to_again(
    ledger: Ledger, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, answers = ledger.read, iter([True, False, False])

    def sometimes() -> object:
        if not next(answers, True):
            raise LedgerUnavailable("the ledger's database does not answer")
        return read()

    monkeypatch.setattr(ledger, "read", sometimes)

    async def listen() -> list[bytes]:
        stop = threading.Event()
        page = Live(ledger, uids, stop).events(lambda: True)
        await anext(page)
        await asyncio.sleep(0.2)
        seed.late_image(1)
        found = await heard(page, 1)
        stop.set()
        await page.aclose()
        return found

    assert seed.uid.encode() in asyncio.run(listen())[0]


def test_a_page_that_takes_nothing_is_let_go(
    ledger: Ledger, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_MOST_WAITING", 2)

    async def listen() -> None:
        stop = threading.Event()
        pages = Live(ledger, lambda changed: uids(changed) * 3, stop)
        page = pages.events(lambda: True)
        await anext(page)
        await asyncio.sleep(0.2)
        seed.late_image(1)
        await asyncio.sleep(0.3)
        found = [event async for event in page]
        assert len([event for event in found if event != bytes(ALIVE)]) <= 2
        stop.set()

    asyncio.run(listen())


def test_no_more_pages_than_can_be_served(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_PAGES", 1)

    async def listen() -> None:
        pages = Live(ledger, uids, threading.Event())
        page = pages.events(lambda: True)
        await anext(page)
        assert pages.is_full
        await page.aclose()
        assert not pages.is_full

    asyncio.run(listen())


def assess(seed: Seed) -> None:
    with seed.ledger.begin() as tx:
        tx.assessments.add(
            Assessment(seed.uid, 1, "us-mass", Verdict.ACCEPTED, "", "", "AB", datetime.now(UTC))
        )


def explain(seed: Seed) -> None:
    with seed.ledger.begin() as tx:
        (study,) = tx.studies.named([seed.uid])
        tx.studies.explain(seed.uid, "waits for something else", study.state)


@pytest.mark.parametrize("change", [assess, explain, lambda seed: seed.late_image(3)])
def test_whatever_a_row_shows_is_a_change(seed: Seed, change: Callable[[Seed], object]) -> None:
    reading_room.positive(seed)
    now = datetime.now(UTC)
    with seed.ledger.read() as tx:
        before = set(changed_since(tx.connection, now))
    change(seed)
    with seed.ledger.read() as tx:
        after = set(changed_since(tx.connection, now))
    assert {uid for uid, _ in after - before} == {seed.uid}


def test_a_reason_that_stays_is_no_change(seed: Seed) -> None:
    reading_room.positive(seed)
    explain(seed)
    now = datetime.now(UTC)
    explain(seed)
    with seed.ledger.read() as tx:
        assert list(changed_since(tx.connection, now)) == []
