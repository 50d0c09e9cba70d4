"""Tells open pages what has changed, as soon as it is in the ledger.

One task looks, however many pages are open, and a study that changed is described once for all of them. All
of this runs on the event loop of the server; only looking does not.
"""

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool

from service.errors import PrereadError
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions.changed import Change, changed_since
from service.telemetry.metrics.pages import OPEN_PAGES

log = structlog.get_logger()

LOOK_EVERY_S = 0.5
ALIVE_EVERY_S = 5.0
"""A page that hears nothing for longer than this knows that nobody tells it anything."""
ASK_EVERY_S = 20.0
"""Whether the person of a page is still signed in."""
MOST_PAGES = 500
"""Open at one time. Another one is refused, and fetches the list now and then instead."""
_SEEN_LATE = timedelta(seconds=15)
"""How much later than its moment a change may be seen: another host's clock, or a long transaction."""
_MOST_WAITING = 1000
"""Events for a page that does not take them. With more it is let go, and its browser begins anew."""


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event (HTML Living Standard, section 9.2)."""

    kind: str
    data: dict[str, Any]

    def __bytes__(self) -> bytes:
        return f"event: {self.kind}\ndata: {json.dumps(self.data)}\n\n".encode()


ALIVE = Event("alive", {})
_END = Event("end", {})
Describe = Callable[[Collection[str]], list[Event]]
"""From the UIDs of studies that changed to what pages are told of them."""


class Live:
    """The open pages of this process. They are let go when `stop` is set."""

    def __init__(self, ledger: Ledger, describe: Describe, stop: threading.Event) -> None:
        self._ledger = ledger
        self._describe = describe
        self._stop = stop
        self._pages: set[asyncio.Queue[Event]] = set()
        self._looking: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether no further page can be served."""
        return len(self._pages) >= MOST_PAGES

    async def events(self, may_go_on: Callable[[], bool]) -> AsyncGenerator[bytes, None]:
        """What a page is told from now on, until it goes, takes too little of it, or may not be told any
        more, which is asked now and then.
        """
        page: asyncio.Queue[Event] = asyncio.Queue(_MOST_WAITING)
        self._pages.add(page)
        OPEN_PAGES.inc()
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_while_pages_are_open())
        try:
            yield bytes(ALIVE)
            asked = time.monotonic()
            while page in self._pages and (event := await _next(page)) is not _END:
                if time.monotonic() - asked > ASK_EVERY_S:
                    asked = time.monotonic()
                    if not await run_in_threadpool(may_go_on):
                        break
                yield bytes(event)
        finally:
            self._pages.discard(page)
            OPEN_PAGES.dec()

    async def _look_while_pages_are_open(self) -> None:
        seen: set[Change] | None = None
        while self._pages and not self._stop.is_set():
            try:
                seen, events = await run_in_threadpool(self._look, seen)
                self._tell(events)
            except PrereadError as error:  # pages go on and fetch the list, which says what is wrong
                log.warning("open pages cannot be told of changes", reason=str(error))
            except Exception:
                log.exception("open pages cannot be told of changes")
            await asyncio.sleep(LOOK_EVERY_S)
        self._tell([_END])
        self._looking = None

    def _look(self, seen: set[Change] | None) -> tuple[set[Change], list[Event]]:
        """What is new since `seen`; nothing at first: a page that opens has fetched all that there is."""
        with self._ledger.read() as tx:
            changes = set(changed_since(tx.connection, datetime.now(UTC) - _SEEN_LATE))
        studies = {uid for uid, _ in changes - seen} if seen is not None else set()
        return changes, self._describe(sorted(studies)) if studies else []

    def _tell(self, events: list[Event]) -> None:
        for page in list(self._pages):
            for event in events:
                if page.full():
                    self._pages.discard(page)
                    break
                page.put_nowait(event)


async def _next(page: asyncio.Queue[Event]) -> Event:
    try:
        return await asyncio.wait_for(page.get(), ALIVE_EVERY_S)
    except TimeoutError:
        return ALIVE
