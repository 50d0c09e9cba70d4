"""The pages, rendered on the server: they work without JavaScript."""

from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.storage.ledger import Ledger
from service.study.assessment import CATEGORIES
from service.worklist import wording
from service.worklist.actions import offered
from service.worklist.asked import known_study
from service.worklist.entries import WorklistEntry
from service.worklist.listing import Asked
from service.worklist.reading import read_page
from service.worklist.viewer import viewer_address

TEMPLATES = Path(__file__).parent / "templates"
_FILTERS = (
    wording.ago,
    wording.dicom_date,
    wording.dicom_time,
    wording.lesion_words,
    wording.moment,
    wording.no_score_label,
    wording.object_label,
    wording.percent,
    wording.person_names,
    wording.proof_label,
    wording.side,
    wording.state_label,
    wording.work_label,
)
_MODALITIES = ("US", "MG", "CT", "MR")
CHOICES = {
    "state_choices": [
        ("attention", "Needs a person"),
        *((state.value, label) for state, label in wording.STATE_LABELS.items()),
    ],
    "modality_choices": [(one, one) for one in _MODALITIES],
    "category_choices": [(one, one) for one in CATEGORIES],
}
"""What the list can be narrowed down to."""
_TITLES = {404: "Not found", 422: "Not understood", 503: "Not available at the moment"}


def page_router(ledger: Ledger, research: bool, with_actions: bool, viewer_url: str = "") -> APIRouter:
    """Everything that people look at; with the buttons that they can press, or without."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    @router.get("/")
    def worklist(asked: Asked) -> HTMLResponse:
        page = read_page(ledger, asked, research)
        return _render("worklist.html", page=page, asked=asked, research=research, **CHOICES)

    @router.get("/rows")
    def rows(asked: Asked) -> HTMLResponse:
        """The part of the list that the page's script fetches again."""
        return _render("rows.html", page=read_page(ledger, asked, research), asked=asked)

    @router.get("/studies/{study_instance_uid}")
    def study(study_instance_uid: str) -> HTMLResponse:
        detail = known_study(ledger, study_instance_uid, research)
        actions = offered(detail) if with_actions else ()
        return _render(
            "study.html",
            detail=detail,
            entry=detail.entry,
            actions=actions,
            categories=CATEGORIES if with_actions else (),
            viewer=viewer_address(viewer_url, study_instance_uid, detail.entry.header),
            research=research,
        )

    return router


def render_message(status: int, detail: str) -> HTMLResponse:
    """A page that says what is wrong and what to do."""
    title = _TITLES.get(status, "Something went wrong")
    return _render("message.html", status, title=title, detail=detail, research=False)


def fingerprint(entry: WorklistEntry) -> str:
    """Tells the page's script whether a study looks other than before."""
    return sha256(repr(asdict(entry)).encode()).hexdigest()[:16]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {function.__name__: function for function in (*_FILTERS, fingerprint)}
    return environment


_ENVIRONMENT = _environment()


def render(template: str, /, **values: object) -> str:
    """A template, filled in."""
    return _ENVIRONMENT.get_template(template).render(values)


def _render(template: str, status: int = 200, /, **values: object) -> HTMLResponse:
    return HTMLResponse(render(template, **values), status)
