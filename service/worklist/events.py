"""The events that open pages listen to."""

import threading
from collections.abc import Callable, Collection
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import StreamingResponse

from service.access.person import Person
from service.access.roles import Permission
from service.storage.ledger.ledger import Ledger
from service.worklist.access.gate import Gate
from service.worklist.entries import WorklistEntry, WorklistPage
from service.worklist.language import HTML_LANG
from service.worklist.listing import Listing
from service.worklist.live import Event, Live
from service.worklist.masking import masked
from service.worklist.reading import read_named, read_summary
from service.worklist.rendering import fingerprint, render


def events_router(ledger: Ledger, gate: Gate, research: bool, stop: threading.Event) -> APIRouter:
    """One route. Every page that listens is told of every study; which ones it shows is its own business."""
    router = APIRouter()
    live = {
        (hidden, language): Live(ledger, _describer(ledger, research, hidden, language), stop)
        for hidden in (False, True)
        for language in HTML_LANG
    }

    @router.get("/api/v1/events", response_class=StreamingResponse)
    async def events(
        request: Request, person: Annotated[Person, gate.needs(Permission.STUDIES, by_itself=True)]
    ) -> StreamingResponse:
        """Server-sent events: `study` with its row as HTML and its fingerprint, `summary` with the counts
        of all states as HTML, and `alive` every few seconds. Ends when the person's session does.
        """
        if any(one.is_full for one in live.values()):
            raise HTTPException(503, "too many pages are open; the list is fetched now and then instead")
        told = live[person.is_masked, person.language].events(lambda: gate.still_knows(request))
        return StreamingResponse(told, media_type="text/event-stream")

    return router


def _describer(
    ledger: Ledger, research: bool, hidden: bool, language: str
) -> Callable[[Collection[str]], list[Event]]:
    def describe(study_instance_uids: Collection[str]) -> list[Event]:
        entries = read_named(ledger, study_instance_uids, research)
        if hidden:
            entries = tuple(masked(entry) for entry in entries)
        told = [_study(entry, language) for entry in entries]
        return [*told, _summary(read_summary(ledger), language)]

    return describe


def _study(entry: WorklistEntry, language: str) -> Event:
    html = render("one_row.html", language, entry=entry)
    return Event(
        "study",
        {
            "study_instance_uid": entry.study_instance_uid,
            "fingerprint": fingerprint(entry),
            "html": html,
        },
    )


def _summary(page: WorklistPage, language: str) -> Event:
    return Event("summary", {"html": render("summary.html", language, page=page, asked=Listing())})
