"""Badges in the worklist of another web system: its script, and what that asks for.

An application of its own below `/embed`: nothing else here answers pages of other servers.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.middleware.cors import CORSMiddleware

from service.access.person import Person, Way
from service.access.records import Action
from service.access.roles import Permission
from service.errors import NotAllowed, PrereadError
from service.storage.ledger.ledger import Ledger
from service.worklist.access.gate import REFUSALS, Gate
from service.worklist.badges import Badge, Badges
from service.worklist.description import describe
from service.worklist.entries import ClassifierEntry, WorklistEntry
from service.worklist.language import catalogue, language_of, language_of_problem, translate
from service.worklist.reading import read_named
from service.worklist.sentences import say
from service.worklist.wording import no_score_label, state_label

SCRIPT = Path(__file__).parent / "static" / "overlay.js"
MOST = 100
"""Studies and accession numbers in one request."""

WORDS = (
    "Preread: show more",
    "Urgent",
    "of fewer images",
    "1 of {} studies",
    "RESEARCH",
    "Probability of malignancy {}, at or above the operating point {}",
    "Probability of malignancy {}, below the operating point {}",
    "Left",
    "Right",
    "Research use only, not for clinical use. Not verified by a person.",
    "Show the study in Preread",
)
"""What the script says by itself."""
SIGN_IN = "Sign in to Preread to see here what it says of these studies."
"""What stands on a page whose reader is not known; the script makes it a link."""
_UNKNOWN = 401

Uid = Annotated[str, Field(max_length=64, pattern=r"^[0-9.]+$")]
Accession = Annotated[str, Field(min_length=1, max_length=64)]


class Wanted(BaseModel):
    """Studies by their UID, or by their Accession Number, of which several studies may have the same."""

    model_config = ConfigDict(extra="forbid")

    study_instance_uids: Annotated[list[Uid], Field(max_length=MOST)] = []
    accession_numbers: Annotated[list[Accession], Field(max_length=MOST)] = []


def embed_app(ledger: Ledger, gate: Gate, research: bool, origins: Sequence[str]) -> FastAPI:
    """The application. Without `origins` no other server's page gets an answer; those of them that are of the
    same site as this server are answered by the session of whoever looks, others need a token.
    """
    allowed = gate.needs(Permission.BADGES, Action.LOOKED_UP, by_itself=True, from_anywhere=True)
    setting = gate.settings.language
    app = FastAPI(title="Preread badges", docs_url=None, redoc_url=None, openapi_url="/openapi.json")

    @app.get("/overlay.js", include_in_schema=False)
    def overlay() -> FileResponse:
        """The script that a page includes."""
        return FileResponse(SCRIPT, media_type="text/javascript")

    @app.post("/lookup")
    def lookup(wanted: Wanted, request: Request, person: Annotated[Person, allowed]) -> Badges:
        """What there is to say of studies, in the language of Accept-Language. By POST, so that no identifier
        gets into the logs of a proxy.
        """
        _only_for_badges(gate, request, person)
        language = language_of(request, setting)
        with ledger.read() as tx:
            by_number = tx.search.with_accession_numbers(wanted.accession_numbers)
        entries = read_named(ledger, {*wanted.study_instance_uids, *by_number}, research)
        words = {one: said for one in WORDS if (said := catalogue(language).get(one))}
        return Badges(tuple(_badge(entry, language) for entry in entries), words)

    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_credentials=bool(origins),
        allow_methods=["POST"],
        allow_headers=["Authorization", "Content-Type"],
    )
    app.state.language = setting
    describe(app)
    for refusal, status in REFUSALS.items():
        app.add_exception_handler(refusal, _refused(status))
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(PrereadError, _not_now)
    return app


def _only_for_badges(gate: Gate, request: Request, person: Person) -> None:
    """Raises NotAllowed for a token in a page that opens more than badges: everybody there could read it."""
    page = request.headers.get("origin", "").partition("://")[2]  # programs name none, or this server
    is_ours = "origin" not in request.headers or page == request.headers.get("host")
    if person.way is Way.TOKEN and not is_ours and person.permissions != {Permission.BADGES}:
        gate.trail.note(person, Action.REFUSED, detail="a token in a page", succeeded=False)
        raise NotAllowed(
            f"the token {person.name!r} opens more than badges and is used by a page: make one with the only "
            f"scope {Permission.BADGES}, and revoke this one"
        )


def _not_understood(request: Request, _error: Exception) -> Response:
    # The library's own answer would quote what was asked for.
    return _problem(request, 422, f"at most {MOST} UIDs and {MOST} accession numbers, as text")


def _refused(status: int) -> Callable[[Request, Exception], Response]:
    def refused(request: Request, error: Exception) -> Response:
        is_person = status == _UNKNOWN and "authorization" not in request.headers
        return _problem(request, status, SIGN_IN if is_person else str(error))

    return refused


def _not_now(request: Request, error: Exception) -> Response:
    return _problem(request, 503, str(error))


def _problem(request: Request, status: int, detail: str) -> Response:
    return JSONResponse({"detail": say(language_of_problem(request), detail)}, status)


def _badge(entry: WorklistEntry, language: str) -> Badge:
    shown = _most_suspicious(entry.classifiers)
    score = shown.score if shown else None
    label = state_label(entry.state) if score else no_score_label(entry.state)
    return Badge(
        study_instance_uid=entry.study_instance_uid,
        accession_number=entry.header.accession_number,
        state=entry.state,
        label=translate(language, label),
        reason=say(language, entry.reason),
        priority=entry.priority,
        research=entry.research,
        classifier=f"{shown.title} {shown.version}" if shown else "",
        probability=score.probability if score else None,
        threshold=shown.threshold if shown and score else None,
        positive=score.positive if score else False,
        category=score.category if score else "",
        laterality=score.laterality if score else "",
        outdated=shown.outdated if shown else False,
    )


def _most_suspicious(classifiers: Iterable[ClassifierEntry]) -> ClassifierEntry | None:
    """Of those that have a score: the one above its operating point, with the highest probability."""
    scored = [(one.score.positive, one.score.probability, one) for one in classifiers if one.score]
    return max(scored, key=lambda one: one[:2])[2] if scored else None
