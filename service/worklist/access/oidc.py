"""Signing in with an OpenID Connect provider: the authorization code flow with PKCE (OpenID Connect Core 1.0,
section 3.1; RFC 7636). Imported only where one is configured.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.starlette_client import OAuth
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from httpx import HTTPError
from joserfc.errors import JoseError
from starlette.middleware.sessions import SessionMiddleware

from service.access.records import is_full_name
from service.access.roles import Role
from service.access.secrets import digest
from service.config.oidc import OidcSettings
from service.errors import ConfigurationError
from service.worklist.access.gate import Gate, address_of
from service.worklist.access.sign_in import SignedIn, SignIn, local_path
from service.worklist.language import language_of
from service.worklist.rendering import render_message

log = structlog.get_logger()

PATH = "/sign-in/oidc"
_FOLLOWING = "following"
_STATE_S = 600
"""Seconds that a person may take at the provider."""


def oidc_app(settings: OidcSettings, public_url: str, gate: Gate, sign_in: SignIn) -> FastAPI:
    """The application below `/sign-in/oidc`. Raises ConfigurationError without the client's secret."""
    secret = _client_secret(settings)
    client = _client(settings, secret)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    def language(request: Request) -> str:
        return language_of(request, gate.settings.language)

    @app.get("/start")
    async def start(request: Request, following: str = "/") -> Response:
        """Lead the browser to the provider."""
        gate.limit(request)
        request.session[_FOLLOWING] = local_path(following)
        try:
            answer: Response = await client.authorize_redirect(request, f"{public_url}{PATH}/callback")
        except (HTTPError, OAuthError) as error:
            log.error("the identity provider does not answer", reason=type(error).__name__)
            return render_message(
                503, "The identity provider does not answer. Try again in a while.", language(request)
            )
        return answer

    @app.get("/callback")
    async def callback(request: Request) -> Response:
        """The browser comes back with a code, or without."""
        gate.limit(request)
        following = local_path(request.session.get(_FOLLOWING, "/"))
        try:
            claims = await _claims(client, request, settings)
        except (HTTPError, OAuthError, JoseError, ValueError) as error:
            log.warning("sign-in with the identity provider failed", reason=str(error)[:200])
            return render_message(
                401, "The identity provider did not sign you in. Go back and try again.", language(request)
            )
        who = signed_in(claims, settings)
        if who is None:
            sign_in.refused("nobody", address_of(request), "none of the groups that may")
            return render_message(
                403,
                "Your account there has none of the groups that may use this page; ask its administrator.",
                language(request),
            )
        response = RedirectResponse(following, 303)
        sign_in.begin(response, request, who)
        request.session.clear()
        return response

    app.add_middleware(
        SessionMiddleware,
        secret_key=digest(f"state of sign-in {secret}"),  # the same for every replica
        session_cookie="preread_sign_in",
        max_age=_STATE_S,
        path=PATH,
        same_site="lax",
        https_only=public_url.startswith("https://"),
    )
    return app


def signed_in(claims: Mapping[str, Any], settings: OidcSettings) -> SignedIn | None:
    """Who that is by what the provider says; None for whoever has no role here."""
    groups = claims.get(settings.roles_claim) or ()
    groups = {groups} if isinstance(groups, str) else set(groups)
    role = next((role for role, names in settings.roles.items() if groups & set(names)), None)
    if role is None:
        return None
    name = str(claims.get(settings.name_claim) or claims["sub"])[:64]
    full_name = str(claims.get("name") or "")
    return SignedIn(name, full_name if is_full_name(full_name) else _ascii(name), Role(role), "oidc")


def _ascii(name: str) -> str:
    """A name that a DICOM object can hold."""
    return "".join(one if is_full_name(f"a{one}") else "_" for one in name) or "unknown"


async def _claims(client: Any, request: Request, settings: OidcSettings) -> dict[str, Any]:
    """What the checked ID token says, and the provider's userinfo where that tells no groups."""
    token = await client.authorize_access_token(request)
    claims = dict(token["userinfo"])
    if settings.roles_claim not in claims:
        claims = dict(await client.userinfo(token=token)) | claims
    return claims


def _client(settings: OidcSettings, secret: str) -> Any:
    return OAuth().register(
        "oidc",
        client_id=settings.client_id,
        client_secret=secret,
        server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": " ".join(settings.scopes), "code_challenge_method": "S256", "timeout": 15},
    )


def _client_secret(settings: OidcSettings) -> str:
    if settings.client_secret_file is None:
        raise ConfigurationError("worklist.oidc needs client_secret_file: a file with the client's secret")
    try:
        return settings.client_secret_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(
            f"worklist.oidc.client_secret_file cannot be read ({error.strerror}): correct its path or rights"
        ) from error
