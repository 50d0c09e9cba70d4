"""The gate that every route but a few stands behind: who asks, and whether that is allowed.

A route says what it needs, and by that what the audit trail says of it:

    person: Annotated[Person, gate.needs(Permission.STUDIES, Action.VIEWED)]
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from service.access.person import Person, Way, somebody
from service.access.records import Action, Session
from service.access.roles import Permission, permissions_of
from service.access.secrets import digest
from service.config import WorklistSettings
from service.errors import NotAllowed, NotSignedIn, TooManyRequests
from service.storage.ledger.ledger import Ledger
from service.worklist.access.cookie import session_secret
from service.worklist.access.limit import RateLimit
from service.worklist.access.openness import is_open
from service.worklist.access.trail import Trail
from service.worklist.language import language_of
from service.worklist.own_page import only_own_page

_TOUCH_EVERY = timedelta(seconds=60)
_READING = ("GET", "HEAD")
_BEARER = Security(HTTPBearer(auto_error=False, description="A token: preread token add"))
"""Says in the description of the API what a program shows; `Gate.person` looks at it."""


REFUSALS: dict[type[Exception], int] = {NotSignedIn: 401, NotAllowed: 403, TooManyRequests: 429}
"""As which HTTP status they are answered."""


class Gate:
    """Over an open ledger."""

    def __init__(self, ledger: Ledger, settings: WorklistSettings) -> None:
        self._ledger = ledger
        self.settings = settings
        self.trail = Trail(ledger)
        self._limit = RateLimit(settings.requests_per_min)

    def needs(
        self,
        permission: Permission,
        action: Action | None = None,
        *,
        by_itself: bool = False,
        from_anywhere: bool = False,
    ) -> Any:
        """A dependency: the person, where that is allowed to her.

        `by_itself`: pages ask for it without a click, so it keeps no session alive. `from_anywhere`: pages of
        other servers may post to it. Raises NotSignedIn, NotAllowed, HTTPException.
        """

        def check(request: Request, _: Annotated[Any, _BEARER]) -> Person:
            person = self.person(request, is_click=not by_itself)
            self.limit(request, person)
            if person is None:
                raise NotSignedIn("sign in to see this; a program shows a token (Authorization: Bearer ...)")
            if request.method not in _READING and person.way is not Way.TOKEN and not from_anywhere:
                only_own_page(request)
            study = request.path_params.get("study_instance_uid", "")
            if not person.may(permission):
                self.trail.note(person, Action.REFUSED, study, f"needs {permission}", succeeded=False)
                raise NotAllowed(_why_not(person, permission))
            if action is not None:
                self.trail.note(person, action, study)
            return person

        check.permission = permission  # type: ignore[attr-defined]
        return Depends(check)

    def person(self, request: Request, *, is_click: bool = False) -> Person | None:
        """Who asks; None where that must be known and is not."""
        address = address_of(request)
        authorization = request.headers.get("authorization", "")
        if authorization:
            return self._program(authorization, address)
        secret = session_secret(request)
        language = language_of(request, self.settings.language)
        signed_in = self._signed_in(secret, is_click) if secret else None
        if signed_in is None:
            return somebody(address, language) if is_open(request, self.settings) else None
        return replace(signed_in, address=address, language=language)

    def limit(self, request: Request, person: Person | None = None) -> None:
        """Count a request. Raises TooManyRequests."""
        self._limit.count((person and person.name) or address_of(request))

    def still_knows(self, request: Request) -> bool:
        """Whether who asked a while ago may still be answered."""
        return self.person(request) is not None

    def _program(self, authorization: str, address: str) -> Person | None:
        kind, _, secret = authorization.partition(" ")
        if kind.lower() != "bearer":
            return None
        now = _now()
        with self._ledger.read() as tx:
            token = tx.api_tokens.with_digest(digest(secret.strip()))
        if token is None or not token.is_valid(now):
            return None
        if token.used_at is None or now - token.used_at > _TOUCH_EVERY:
            with self._ledger.begin() as tx:
                tx.api_tokens.used(token.name, now)
        return Person(token.name, token.name, "token", frozenset(token.scopes), Way.TOKEN, address)

    def _signed_in(self, secret: str, is_click: bool) -> Person | None:
        now, key = _now(), digest(secret)
        with self._ledger.read() as tx:
            session = tx.accounts.session(key)
        if session is None or not self._is_valid(session, now):
            return None
        if is_click and now - session.seen_at > _TOUCH_EVERY:
            with self._ledger.begin() as tx:
                tx.accounts.seen(key, now)
        permissions = permissions_of(session.role, self.settings.masked_roles)
        return Person(session.account, session.full_name, session.role, permissions, Way.SESSION)

    def _is_valid(self, session: Session, now: datetime) -> bool:
        idle = timedelta(minutes=self.settings.session_idle_min)
        longest = timedelta(hours=self.settings.session_longest_h)
        return now - session.seen_at < idle and now - session.began_at < longest


def address_of(request: Request) -> str:
    """Of whoever asks, or of the proxy in front."""
    return request.client.host if request.client else ""


def _why_not(person: Person, permission: Permission) -> str:
    if person.way is Way.TOKEN:
        return f"the token {person.name!r} lacks the scope {permission}: make another (preread token add)"
    return f"your role ({person.role}) may not do this; it needs {permission}"


def _now() -> datetime:
    return datetime.now(UTC)
