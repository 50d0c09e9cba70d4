"""The page of one reader in one session, on this machine only."""

import secrets
import time
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request
from jinja2 import Environment
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from service.cli.reader_study.study import CATEGORIES, WITH, ReaderStudy
from service.errors import ConfigurationError
from service.worklist.headers import SecurityHeaders

_WORDS = {
    "1": "negative",
    "2": "benign",
    "3": "probably benign",
    "4A": "low suspicion",
    "4B": "moderate suspicion",
    "4C": "high suspicion",
    "5": "highly suggestive",
}
_KINDS = {"page.css": "text/css", "page.js": "text/javascript"}
_LONGEST_FORM = 4096
"""Bytes."""
_SEE_OTHER, _FORBIDDEN, _NOT_FOUND, _CONFLICT = 303, 403, 404, 409


def create_app(
    study: ReaderStudy, reader: str, session: str, hosts: tuple[str, ...] = ("127.0.0.1",)
) -> FastAPI:
    """Shows one image after the other and keeps each judgement. `hosts`: names of this machine."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))  # no other page reads along
    here = files("service.cli.reader_study")
    template = Environment(autoescape=True).from_string(
        here.joinpath("page.html").read_text(encoding="utf-8")
    )
    token = secrets.token_urlsafe()
    shown: dict[str, float] = {}

    @app.get("/")
    def page() -> HTMLResponse:
        left = study.left(reader, session)
        image = left[0] if left else ""
        shown.setdefault(image, time.monotonic())
        values: dict[str, Any] = {
            "reader": reader,
            "with_heatmap": session == WITH,
            "classifier": study.classifier,
            "image": image,
            "done": len(study.images) - len(left),
            "total": len(study.images),
            "token": token,
            "categories": CATEGORIES,
            "words": _WORDS,
        }
        return HTMLResponse(template.render(values))

    @app.post("/")
    async def judge(request: Request) -> Response:
        given = await _form(request)
        image = given.get("image", "")
        if not secrets.compare_digest(given.get("token", "").encode(), token.encode()):
            return Response("open the page anew", _FORBIDDEN)
        seconds = time.monotonic() - shown.pop(image, time.monotonic())
        try:
            study.record(reader, session, image, given.get("category", ""), seconds)
        except ConfigurationError as reason:
            return Response(str(reason), _CONFLICT)
        return RedirectResponse("/", _SEE_OTHER)

    @app.get("/{kind}/{name}.png")
    def picture(kind: str, name: str) -> Response:
        may_see = {"images"} | ({"heatmaps"} if session == WITH else set())
        if kind not in may_see or name not in study.images:
            return Response(status_code=_NOT_FOUND)
        return FileResponse(study.folder / kind / f"{name}.png", media_type="image/png")

    @app.get("/{name}")
    def asset(name: str) -> Response:
        if name not in _KINDS:
            return Response(status_code=_NOT_FOUND)
        return Response(here.joinpath(name).read_bytes(), media_type=_KINDS[name])

    return app


async def _form(request: Request) -> dict[str, str]:
    """The fields of a short form; none of a longer body."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            return {}
    return dict(parse_qsl(body.decode("ascii", "replace")))
