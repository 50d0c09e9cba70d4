"""Answers that have not changed are not sent again: ETag and If-None-Match (RFC 9110 sections 8.8.3, 13.1.2).

Only programs that show a token are told that they may keep an answer. A browser gets the ETag, and `no-store`
as before: what it keeps lies on the disk of a workstation that several people use under one account, and
outlives a session that has run out. Its script can still hold an ETag and ask with it.
"""

import re
from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.worklist.machines import is_for_programs

KEPT_BY_PROGRAMS = "private, no-cache"
"""May be kept, by nobody in between, and is asked for each time: so the gate decides each time."""
_OK, _NOT_MODIFIED = 200, 304
_ONE = re.compile(r'(?:W/)?("[^"]*")')
_OF_THE_BODY = ("content-type", "content-length", "content-disposition")


class ETags:
    """ASGI middleware for what programs ask for. What comes in several pieces (events) passes as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as `app` does, with an ETag, or with 304 where the asker has just that."""
        if scope["type"] != "http" or scope["method"] != "GET" or not is_for_programs(scope["path"]):
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        begun: list[Message] = []

        async def send_tagged(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == _OK:
                begun.append(message)
                return
            if begun:
                start = begun.pop()
                if not message.get("more_body", False):
                    message = _tag(start, message, asked)
                await send(start)
            await send(message)

        await self._app(scope, receive, send_tagged)


def _tag(start: Message, body: Message, asked: Headers) -> Message:
    """Enter the ETag into `start`; the body that goes with it."""
    headers = MutableHeaders(scope=start)
    tag = etag(body.get("body", b""))
    headers["ETag"] = tag
    if "authorization" in asked:
        headers["Cache-Control"] = KEPT_BY_PROGRAMS
    if not matches(asked.get("if-none-match", ""), tag):
        return body
    start["status"] = _NOT_MODIFIED
    for name in _OF_THE_BODY:
        del headers[name]
    return {**body, "body": b""}


def etag(body: bytes) -> str:
    """A strong one: equal bytes have it, and no others."""
    return f'"{sha256(body).hexdigest()[:32]}"'


def matches(if_none_match: str, tag: str) -> bool:
    """Whether the asker has it already; `*` has whatever there is."""
    return if_none_match.strip() == "*" or tag in _ONE.findall(if_none_match)
