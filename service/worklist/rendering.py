"""Fills in the templates, in the language of whoever looks."""

import json
from collections.abc import Callable
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.worklist import wording
from service.worklist.entries import WorklistEntry
from service.worklist.icons import icon
from service.worklist.language import ENGLISH, HTML_LANG, catalogue, translate
from service.worklist.sentences import say

TEMPLATES = Path(__file__).parent / "templates"
_PLAIN = (
    wording.dicom_date,
    wording.dicom_time,
    wording.gigabytes,
    wording.moment,
    wording.percent,
    wording.person_names,
)
_LABELS = (
    wording.delivery_label,
    wording.no_score_label,
    wording.object_label,
    wording.proof_label,
    wording.role_label,
    wording.side,
    wording.state_label,
    wording.verdict_label,
)
"""Whole entries of the catalogue."""
_PATTERNS = (wording.ago, wording.duration, wording.lesion_words, wording.seconds, wording.work_label)
"""Entries with values in them: they translate themselves."""
SCRIPT_WORDS = (
    "Live · {}",
    "Not live",
    "This list has not been refreshed since {}: the service does not answer. "
    "It is asked again every few seconds.",
    "The service does not answer as it should (status {}). Try it again.",
    "Play",
    "Pause",
)
"""What scripts say by themselves."""
_TITLES = {
    401: "Sign in",
    403: "Not allowed",
    404: "Not found",
    422: "Not understood",
    429: "Too often",
    503: "Not available at the moment",
}
_SOMETHING = "Something went wrong"


def render(template: str, language: str, /, **values: object) -> str:
    """A template, filled in."""
    return _environment(language).get_template(template).render(values)


def render_page(template: str, language: str, status: int = 200, /, **values: object) -> HTMLResponse:
    """A template as an answer."""
    return HTMLResponse(render(template, language, **values), status)


def render_message(status: int, detail: str, language: str = ENGLISH) -> HTMLResponse:
    """A page that says what is wrong and what to do."""
    title = _TITLES.get(status, _SOMETHING)
    return render_page(
        "message.html", language, status, title=title, detail=detail, research=False, person=None
    )


def fingerprint(entry: WorklistEntry) -> str:
    """Tells the page's script whether a study looks other than before."""
    return sha256(repr(entry).encode()).hexdigest()[:16]


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    translated, known = partial(translate, language), catalogue(language)
    environment.globals |= {
        "_": translated,
        "icon": icon,
        "lang": HTML_LANG[language],
        "script_words": json.dumps({one: known[one] for one in SCRIPT_WORDS if one in known}),
    }
    filters: dict[str, Callable[..., Any]] = {one.__name__: one for one in (*_PLAIN, fingerprint)}
    filters |= {one.__name__: _labelled(one, translated) for one in _LABELS}
    filters |= {one.__name__: partial(one, _=translated) for one in _PATTERNS}
    environment.filters |= filters | {"sentence": partial(say, language)}
    return environment


def _labelled(label: Callable[[Any], str], translated: Callable[[str], str]) -> Callable[[Any], str]:
    return lambda value: translated(label(value))
