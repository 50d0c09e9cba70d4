"""The pages, rendered on the server: they work without JavaScript."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from service.access.person import Person
from service.access.records import Action
from service.access.roles import Permission
from service.storage.ledger.ledger import Ledger
from service.study.assessment import CATEGORIES
from service.study.search import NOT_ASSESSED
from service.worklist import wording
from service.worklist.access.gate import Gate
from service.worklist.actions import offered
from service.worklist.asked import known_study
from service.worklist.listing import Asked
from service.worklist.reading import read_page
from service.worklist.rendering import render_page
from service.worklist.study_log import read_log
from service.worklist.viewer import viewer_address

_MODALITIES = ("US", "MG", "CT", "MR")
CHOICES = {
    "state_choices": [
        ("attention", "Needs a person"),
        *((state.value, label) for state, label in wording.STATE_LABELS.items()),
    ],
    "modality_choices": [(one, one) for one in _MODALITIES],
    "verdict_choices": [
        (NOT_ASSESSED, "Not assessed"),
        *((verdict.value, label) for verdict, label in wording.VERDICT_LABELS.items()),
    ],
    "category_choices": [(one, one) for one in CATEGORIES],
}
"""What the list can be narrowed down to."""


def page_router(ledger: Ledger, gate: Gate, research: bool) -> APIRouter:
    """Everything that people look at; with the buttons that they may press, or without."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
    settings = gate.settings

    @router.get("/")
    def worklist(
        asked: Asked, person: Annotated[Person, gate.needs(Permission.STUDIES, Action.LISTED)]
    ) -> HTMLResponse:
        page = read_page(ledger, asked, research, person)
        return render_page(
            "worklist.html",
            person.language,
            page=page,
            asked=asked,
            research=research,
            person=person,
            **CHOICES,
        )

    @router.get("/rows")
    def rows(
        asked: Asked, person: Annotated[Person, gate.needs(Permission.STUDIES, by_itself=True)]
    ) -> HTMLResponse:
        """The part of the list that the page's script fetches again."""
        page = read_page(ledger, asked, research, person)
        return render_page("rows.html", person.language, page=page, asked=asked)

    @router.get("/studies/{study_instance_uid}")
    def study(
        study_instance_uid: str, person: Annotated[Person, gate.needs(Permission.STUDIES, Action.VIEWED)]
    ) -> HTMLResponse:
        detail = known_study(ledger, study_instance_uid, research, person)
        viewer = viewer_address(settings.viewer_url, study_instance_uid, detail.entry.header)
        return render_page(
            "study.html",
            person.language,
            detail=detail,
            entry=detail.entry,
            actions=offered(detail) if settings.actions and person.may(Permission.ACT) else (),
            categories=CATEGORIES if settings.actions and person.may(Permission.ASSESS) else (),
            viewer="" if person.is_masked else viewer,
            log=read_log(ledger, study_instance_uid).entries,
            research=research,
            person=person,
        )

    return router
