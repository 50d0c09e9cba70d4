"""The worklist as a FastAPI application: the page, its API and what goes wrong on the way."""

import threading
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from service.config import Settings
from service.errors import InvalidAssessment, NotInThisState, PrereadError, Retryable
from service.storage.ledger import Ledger
from service.storage.port import InstanceStore
from service.worklist.actions import actions_router
from service.worklist.api import api_router
from service.worklist.assess import assess_router
from service.worklist.embed import embed_app
from service.worklist.events import events_router
from service.worklist.headers import SecurityHeaders
from service.worklist.heatmaps import Heatmaps
from service.worklist.pages import page_router, render_message

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
    app.include_router(page_router(ledger, research, settings.worklist.actions, settings.worklist.viewer_url))
    app.include_router(api_router(ledger, Heatmaps(ledger, store), research))
    app.include_router(events_router(ledger, research, stop or threading.Event()))
    app.include_router(actions_router(ledger, settings.worklist.actions))
    app.include_router(assess_router(ledger, settings.worklist.actions))
    app.mount("/embed", embed_app(ledger, research, settings.worklist.embed_origins))
    app.mount("/static", StaticFiles(directory=STATIC))
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(PrereadError, _preread_error)
    return app


def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return _explain(request, error.status_code, str(error.detail))


def _invalid_request(request: Request, error: Exception) -> Response:
    # The library's own answer would quote what was asked for.
    wanted = (
        "limit is a number from 1 to 200, frame one from 1; days are written 2026-12-31; state, priority and "
        "side are values that the list shows; before is the `next` of a page. /api/v1/openapi.json says more"
    )
    if request.method == "POST":
        wanted = "the body is JSON as /api/v1/openapi.json describes it"
    return _explain(request, 422, wanted)


def _preread_error(request: Request, error: Exception) -> Response:
    """A ledger or store that does not answer may do so later; a study may be elsewhere by then."""
    statuses = {NotInThisState: 409, InvalidAssessment: 422, Retryable: 503}
    status = next((number for kind, number in statuses.items() if isinstance(error, kind)), 500)
    return _explain(request, status, str(error))


def _explain(request: Request, status: int, detail: str) -> Response:
    if request.url.path.startswith(("/api/", "/healthz")):
        return JSONResponse({"detail": detail}, status)
    return render_message(status, detail)
