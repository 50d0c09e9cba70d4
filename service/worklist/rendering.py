"""Fills in the templates."""

from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.worklist import wording
from service.worklist.entries import WorklistEntry

TEMPLATES = Path(__file__).parent / "templates"
_FILTERS = (
    wording.ago,
    wording.dicom_date,
    wording.dicom_time,
    wording.duration,
    wording.gigabytes,
    wording.lesion_words,
    wording.moment,
    wording.no_score_label,
    wording.object_label,
    wording.percent,
    wording.person_names,
    wording.proof_label,
    wording.seconds,
    wording.side,
    wording.state_label,
    wording.work_label,
)
_TITLES = {
    401: "Sign in",
    403: "Not allowed",
    404: "Not found",
    422: "Not understood",
    429: "Too often",
    503: "Not available at the moment",
}


def render(template: str, /, **values: object) -> str:
    """A template, filled in."""
    return _ENVIRONMENT.get_template(template).render(values)


def render_page(template: str, status: int = 200, /, **values: object) -> HTMLResponse:
    """A template as an answer."""
    return HTMLResponse(render(template, **values), status)


def render_message(status: int, detail: str) -> HTMLResponse:
    """A page that says what is wrong and what to do."""
    title = _TITLES.get(status, "Something went wrong")
    return render_page("message.html", status, title=title, detail=detail, research=False, person=None)


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
