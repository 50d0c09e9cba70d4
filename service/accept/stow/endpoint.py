"""Answering POST /studies and POST /studies/{study}: one Store transaction each."""

import asyncio
import traceback
from collections.abc import Callable
from concurrent.futures import Executor
from typing import ParamSpec

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from service.accept.folder.file_receiver import FileReceiver
from service.accept.stow.body import Body
from service.accept.stow.content_type import UnsupportedMedia, boundary_of
from service.accept.stow.response import (
    BAD_REQUEST,
    SERVICE_UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    response_module,
    status_code,
)
from service.accept.stow.tokens import Tokens
from service.accept.stow.transaction import StoreTransaction
from service.config.stow import StowSettings
from service.dicom.identity import is_safe_uid
from service.net.multipart import BadMultipart

log = structlog.get_logger()

RETRY_AFTER_S = 30
_UNAUTHORIZED, _REQUEST_TIMEOUT, _SERVER_ERROR = 401, 408, 500
_Arguments = ParamSpec("_Arguments")


class StoreEndpoint:
    """Takes requests on one event loop; what blocks is done by `threads`, `settings.max_requests` of them."""

    def __init__(
        self, files: FileReceiver, settings: StowSettings, tokens: Tokens | None, threads: Executor
    ) -> None:
        self._files = files
        self._settings = settings
        self._tokens = tokens
        self._threads = threads
        self._running = 0

    async def store(self, request: Request) -> Response:
        """Store what the request brings. Raises nothing."""
        body = Body(request, self._settings.idle_timeout_s)
        try:
            response = await self._answer(request, body)
        except ClientDisconnect:
            log.warning("STOW-RS client has gone", host=_host(request))
            response = Response(status_code=BAD_REQUEST)  # to nobody
        except Exception as error:  # outermost edge: other requests go on
            # Not the message: an unforeseen error may quote the dataset.
            where = traceback.extract_tb(error.__traceback__)[-1]
            log.error("STOW-RS failed", error=type(error).__name__, file=where.filename, line=where.lineno)
            response = _text(_SERVER_ERROR, "an error that nobody foresaw: the service's log says where")
        if not body.has_ended:
            response.headers["Connection"] = "close"
        if response.status_code == SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = str(RETRY_AFTER_S)
        return response

    async def _answer(self, request: Request, body: Body) -> Response:
        transaction = self._begin(request)
        if isinstance(transaction, Response):
            log.warning("STOW-RS request refused", host=_host(request), status=transaction.status_code)
            await body.discard()
            return transaction
        self._running += 1
        try:
            return await self._run(transaction, body)
        finally:
            self._running -= 1
            transaction.close()

    def _begin(self, request: Request) -> StoreTransaction | Response:
        """The transaction, or why there is none."""
        calling_ae_title = self._caller(request)
        if calling_ae_title is None:
            response = _text(
                _UNAUTHORIZED, "send Authorization: Bearer with a token of accept.stow.tokens_file"
            )
            response.headers["WWW-Authenticate"] = "Bearer"
            return response
        study_instance_uid = request.path_params.get("study", "")
        if study_instance_uid and not is_safe_uid(study_instance_uid):
            return _text(BAD_REQUEST, "what follows /studies/ is not a UID: write numbers joined by dots")
        try:
            boundary = boundary_of(request.headers)
        except UnsupportedMedia as error:
            return _text(UNSUPPORTED_MEDIA_TYPE, str(error))
        except BadMultipart as error:
            return _text(BAD_REQUEST, str(error))
        if self._running >= self._settings.max_requests:
            return _text(SERVICE_UNAVAILABLE, "as many requests as accept.stow.max_requests are running")
        return StoreTransaction(self._files, boundary, calling_ae_title, study_instance_uid)

    def _caller(self, request: Request) -> str | None:
        if self._tokens is None:
            return self._settings.ae_title
        return self._tokens.name_of(request.headers.get("authorization", ""))

    async def _run(self, transaction: StoreTransaction, body: Body) -> Response:
        try:
            while pieces := await body.pieces():
                await self._in_thread(transaction.feed, pieces)
            await self._in_thread(transaction.end)
        except BadMultipart as error:
            transaction.break_off(error)
            await body.discard()
        except TimeoutError:
            return _text(
                _REQUEST_TIMEOUT, "the request came too slowly (accept.stow.idle_timeout_s): send it again"
            )
        return _outcome(transaction)

    async def _in_thread(
        self,
        work: Callable[_Arguments, None],
        *arguments: _Arguments.args,
        **named: _Arguments.kwargs,
    ) -> None:
        """Do what blocks. Even where the request is cancelled meanwhile, `work` has ended on return."""
        future = self._threads.submit(work, *arguments, **named)
        waiting = asyncio.wrap_future(future)
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError:
            await asyncio.wait([waiting])
            raise


def _outcome(transaction: StoreTransaction) -> Response:
    outcomes = transaction.outcomes
    code = status_code(outcomes)
    log.info("STOW-RS request answered", status=code, parts=len(outcomes))
    return JSONResponse(response_module(outcomes), code, media_type="application/dicom+json")


def _text(code: int, detail: str) -> Response:
    return PlainTextResponse(detail + "\n", code)


def _host(request: Request) -> str:
    return request.client.host if request.client else ""
