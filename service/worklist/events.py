"""The events that open pages listen to."""

import threading
from collections.abc import Callable, Collection

from fastapi import APIRouter
from fastapi.exceptions import HTTPException
from fastapi.responses import StreamingResponse

from service.storage.ledger import Ledger
from service.worklist.entries import WorklistEntry, WorklistPage
from service.worklist.listing import Listing
from service.worklist.live import Event, Live
from service.worklist.pages import fingerprint, render
from service.worklist.reading import read_named, read_summary


def events_router(ledger: Ledger, research: bool, stop: threading.Event) -> APIRouter:
    """One route. Every page that listens is told of every study; which ones it shows is its own business."""
    router = APIRouter()
    live = Live(ledger, _describer(ledger, research), stop)

    @router.get("/api/v1/events", response_class=StreamingResponse)
    async def events() -> StreamingResponse:
        """Server-sent events: `study` with its row as HTML and its fingerprint, `summary` with the counts
        of all states as HTML, and `alive` every few seconds.
        """
        if live.is_full:
            raise HTTPException(503, "too many pages are open; the list is fetched now and then instead")
        return StreamingResponse(live.events(), media_type="text/event-stream")

    return router


def _describer(ledger: Ledger, research: bool) -> Callable[[Collection[str]], list[Event]]:
    def describe(study_instance_uids: Collection[str]) -> list[Event]:
        entries = read_named(ledger, study_instance_uids, research)
        return [*(_study(entry) for entry in entries), _summary(read_summary(ledger))]

    return describe


def _study(entry: WorklistEntry) -> Event:
    html = render("one_row.html", entry=entry)
    return Event(
        "study",
        {
            "study_instance_uid": entry.study_instance_uid,
            "fingerprint": fingerprint(entry),
            "html": html,
        },
    )


def _summary(page: WorklistPage) -> Event:
    return Event("summary", {"html": render("summary.html", page=page, asked=Listing())})
