"""The page on which people sign in, and out again."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.exceptions import HTTPException
from fastapi.responses import HTMLResponse, RedirectResponse

from service.access.records import Account, Action, AuditEvent, Session
from service.access.roles import Role
from service.access.secrets import LONGEST_PASSWORD, be_ready, digest, is_right, new_secret
from service.storage.ledger.ledger import Ledger
from service.telemetry.metrics.pages import SIGN_INS
from service.worklist.access.cookie import drop_cookies, session_secret, set_cookie
from service.worklist.access.gate import Gate, address_of
from service.worklist.access.openness import comes_from_here
from service.worklist.language import language_of
from service.worklist.own_page import foreign
from service.worklist.rendering import render_page

log = structlog.get_logger()

WINDOW = timedelta(minutes=15)
MOST_FAILED, MOST_FAILED_FROM_ADDRESS = 5, 50
"""Failed attempts in that time, for one account and from one address: then nobody tries for a while."""
WRONG = "This name and password do not go together."
_NO_ACCOUNT = "nobody"
"""In the audit trail for a name that no account has: people type passwords into the wrong field."""

Typed = Annotated[str, Form(max_length=LONGEST_PASSWORD)]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody whose word is good, and by whom: `account`, or `oidc`."""

    name: str
    full_name: str
    role: Role
    source: str


class SignIn:
    """Begins and ends sessions; for accounts of this service, and for those that another one vouches for."""

    def __init__(self, ledger: Ledger, gate: Gate) -> None:
        self._ledger = ledger
        self._gate = gate
        be_ready()

    def by_password(self, name: str, password: str, address: str) -> Account | None:
        """The account, if that is its password. Raises HTTPException 429 after too many failures."""
        now = datetime.now(UTC)
        with self._ledger.read() as tx:
            account = tx.accounts.find(name)
            known = account.name if account else _NO_ACCOUNT
            failed = tx.audit.failed_sign_ins(now - WINDOW, name=name) if account else 0
            from_address = tx.audit.failed_sign_ins(now - WINDOW, address=address)
        if failed >= MOST_FAILED or from_address >= MOST_FAILED_FROM_ADDRESS:
            SIGN_INS.labels("blocked").inc()
            raise HTTPException(
                429,
                "too many attempts have failed; wait a quarter of an hour, or let an administrator set a new "
                "password (preread account password)",
                {"Retry-After": str(int(WINDOW.total_seconds()))},
            )
        right = is_right(password, account.password_hash if account else None)
        if account is None or not right or account.disabled:
            reason = "the account is disabled" if account and right else "wrong name or password"
            self.refused(known, address, reason)
            return None
        return account

    def refused(self, name: str, address: str, reason: str) -> None:
        """Write down that somebody could not sign in."""
        event = AuditEvent(
            datetime.now(UTC), Action.SIGN_IN_FAILED, name, "", address[:64], detail=reason, succeeded=False
        )
        with self._ledger.begin() as tx:
            tx.audit.add(event)
        SIGN_INS.labels("failed").inc()
        log.warning("sign-in failed", account=name, address=address, reason=reason)

    def begin(self, response: Response, request: Request, who: SignedIn) -> None:
        """Have the browser hold a session from now on; an older one of it is over."""
        now, secret = datetime.now(UTC), new_secret()
        session = Session(digest(secret), who.name, who.full_name, who.role, who.source, now, now)
        address = address_of(request)[:64]
        settings = self._gate.settings
        older = session_secret(request)
        with self._ledger.begin() as tx:
            if older:
                tx.accounts.end(digest(older))
            tx.accounts.forget_sessions(now - timedelta(hours=settings.session_longest_h))
            tx.accounts.begin(session)
            tx.audit.add(AuditEvent(now, Action.SIGNED_IN, who.name, who.role, address, detail=who.source))
        set_cookie(response, secret, secure=is_https(request, settings.public_url))
        SIGN_INS.labels("succeeded").inc()
        log.info("signed in", account=who.name, role=who.role, source=who.source)

    def end(self, request: Request) -> None:
        """Nobody can use the browser's session any more."""
        person = self._gate.person(request)
        if person is not None and person.has_signed_in:
            self._gate.trail.note(person, Action.SIGNED_OUT)
        if secret := session_secret(request):
            with self._ledger.begin() as tx:
                tx.accounts.end(digest(secret))


def sign_in_router(ledger: Ledger, gate: Gate, sign_in: SignIn, provider: str, research: bool) -> APIRouter:
    """The pages. `provider` is what the other service is called that people may sign in with; empty: none."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    def page(request: Request, following: str, failed: str = "", status: int = 200) -> HTMLResponse:
        with ledger.read() as tx:
            has_accounts = bool(tx.accounts.all())
        response = render_page(
            "sign_in.html",
            language_of(request, gate.settings.language),
            status,
            following=local_path(following),
            failed=failed,
            provider=provider,
            has_accounts=has_accounts,
            is_plain=not (is_https(request, gate.settings.public_url) or comes_from_here(request)),
            research=research,
            person=None,
        )
        # A form's own address must be told to this server, which takes it from no other page.
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    @router.get("/sign-in")
    def show(request: Request, following: str = "/") -> Response:
        return page(request, following)

    @router.post("/sign-in")
    def enter(request: Request, name: Typed, password: Typed, following: Typed = "/") -> Response:
        gate.limit(request)
        _only_own_form(request)
        account = sign_in.by_password(name.strip().lower(), password, address_of(request))
        if account is None:
            return page(request, following, WRONG, 401)
        response = RedirectResponse(local_path(following), 303)
        who = SignedIn(account.name, account.full_name, account.role, "account")
        sign_in.begin(response, request, who)
        return response

    @router.post("/sign-out")
    def leave(request: Request) -> Response:
        _only_own_form(request)
        sign_in.end(request)
        response = RedirectResponse("/sign-in", 303)
        drop_cookies(response)
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response

    return router


def local_path(path: str) -> str:
    """`path`, where it leads to a page of this server; else the list."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_local else "/"


def is_https(request: Request, public_url: str) -> bool:
    """Whether the browser speaks HTTPS, with us or with a proxy in front."""
    return request.url.scheme == "https" or public_url.startswith("https://")


def _only_own_form(request: Request) -> None:
    reason = foreign(request.headers)
    if reason:
        raise HTTPException(403, f"refused: {reason}. Open the page of this server, and use its form.")
