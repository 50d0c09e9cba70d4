"""The worklist as a FastAPI application: the page, its API and what goes wrong on the way."""

import threading
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from service.config import Settings, WorklistSettings
from service.errors import (
    ConfigurationError,
    InvalidAssessment,
    NotInThisState,
    NotSignedIn,
    PrereadError,
    Retryable,
)
from service.storage.ledger.ledger import Ledger
from service.storage.store.port import InstanceStore
from service.worklist.access.gate import REFUSALS, Gate
from service.worklist.access.sign_in import SignIn, sign_in_router
from service.worklist.actions import actions_router
from service.worklist.api import api_router
from service.worklist.assess import assess_router
from service.worklist.description import describe
from service.worklist.dicomweb.retrieving import retrieve_router
from service.worklist.dicomweb.searching import search_router
from service.worklist.embed import embed_app
from service.worklist.etags import ETags
from service.worklist.events import events_router
from service.worklist.headers import SecurityHeaders
from service.worklist.language import language_of_problem
from service.worklist.machines import is_for_machines
from service.worklist.operations.router import operations_router
from service.worklist.pages import page_router
from service.worklist.pictures.router import pictures_router
from service.worklist.rendering import render_message
from service.worklist.sentences import say
from service.worklist.study_log import log_router

STATIC = Path(__file__).parent / "static"


def create_app(
    ledger: Ledger, store: InstanceStore, settings: Settings, stop: threading.Event | None = None
) -> FastAPI:
    """The application over an open ledger and store. It reads, but for what people do on its pages.

    Pages that listen for changes are let go when `stop` is set.
    """
    research = settings.report.is_research
    # The interactive documentation would load scripts from elsewhere; the schema itself is served.
    app = FastAPI(title="Preread worklist", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    app.state.language = settings.worklist.language
    gate = Gate(ledger, settings.worklist)
    sign_in, oidc = SignIn(ledger, gate), settings.worklist.oidc
    if oidc.issuer:
        app.mount("/sign-in/oidc", _oidc_app(settings.worklist, gate, sign_in))
    app.include_router(sign_in_router(ledger, gate, sign_in, oidc.title if oidc.issuer else "", research))
    app.include_router(page_router(ledger, gate, research))
    app.include_router(api_router(ledger, store, gate, research))
    app.include_router(log_router(ledger, gate))
    app.include_router(pictures_router(ledger, store, gate, research))
    app.include_router(operations_router(ledger, store, gate, settings))
    app.include_router(search_router(ledger, store, gate))
    app.include_router(retrieve_router(ledger, store, gate))
    app.include_router(events_router(ledger, gate, research, stop or threading.Event()))
    app.include_router(actions_router(ledger, gate))
    app.include_router(assess_router(ledger, gate))
    app.mount("/embed", embed_app(ledger, gate, research, settings.worklist.embed_origins))
    app.mount("/static", StaticFiles(directory=STATIC))
    app.add_middleware(ETags)
    app.add_middleware(SecurityHeaders)
    describe(app)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(PrereadError, _preread_error)
    return app


def _oidc_app(settings: WorklistSettings, gate: Gate, sign_in: SignIn) -> FastAPI:
    try:
        from service.worklist.access.oidc import oidc_app
    except ImportError as error:
        raise ConfigurationError(
            f"worklist.oidc needs a package that is not installed ({error.name}): pip install 'preread[oidc]'"
        ) from error
    return oidc_app(settings.oidc, settings.public_url, gate, sign_in)


def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return _explain(request, error.status_code, str(error.detail))


def _invalid_request(request: Request, error: Exception) -> Response:
    # The library's own answer would quote what was asked for.
    wanted = (
        "limit is a number from 1 to 200, frame one from 1; days are written 2026-12-31; state, priority, "
        "side and verdict are values that the list shows; before is the `next` of a page. "
        "/api/v1/openapi.json says more"
    )
    if request.method == "POST":
        wanted = "the body is JSON as /api/v1/openapi.json describes it"
    return _explain(request, 422, wanted)


def _preread_error(request: Request, error: Exception) -> Response:
    """A ledger or store that does not answer may do so later; a study may be elsewhere by then."""
    if isinstance(error, NotSignedIn) and _is_page(request):
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?following={quote(asked, safe='')}", 303)
    statuses = REFUSALS | {NotInThisState: 409, InvalidAssessment: 422, Retryable: 503}
    status = next((number for kind, number in statuses.items() if isinstance(error, kind)), 500)
    response = _explain(request, status, str(error))
    if isinstance(error, NotSignedIn):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _is_page(request: Request) -> bool:
    """Whether it is an address that a person opens, as opposed to what scripts and programs ask for."""
    return request.method == "GET" and not is_for_machines(request.url.path)


def _explain(request: Request, status: int, detail: str) -> Response:
    language = language_of_problem(request)
    if is_for_machines(request.url.path):
        return JSONResponse({"detail": say(language, detail)}, status)
    return render_message(status, detail, language)
