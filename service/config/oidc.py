"""Settings of signing in with an OpenID Connect provider."""

from pathlib import Path

from pydantic import Field, field_validator

from service.access.roles import Role
from service.config.types import Section


class OidcSettings(Section):
    """An OpenID Connect provider that people sign in with. Needs `public_url`, and `preread[oidc]`."""

    issuer: str = ""
    """The provider's issuer, such as `https://login.hospital/realms/clinic`; its configuration is read from
    `/.well-known/openid-configuration` below it. Empty: nobody signs in so."""
    client_id: str = ""
    """As which client this service is registered there."""
    client_secret_file: Path | None = None
    """A file whose first line is the client's secret."""
    title: str = "your organisation's account"
    """What the button says after "Sign in with"."""
    scopes: tuple[str, ...] = ("openid", "profile")
    """What is asked for; some providers tell groups only with a scope of their own."""
    name_claim: str = "preferred_username"
    """Claim of the ID token that becomes the account's name. Where it is missing: `sub`."""
    roles_claim: str = "groups"
    """Claim that lists a person's groups or roles."""
    roles: dict[Role, tuple[str, ...]] = Field(default_factory=dict)
    """By role the values of `roles_claim` that give it; the first role that fits. Others are turned away."""

    @field_validator("issuer")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://localhost", "http://127.0.0.1")):
            raise ValueError("an issuer begins with https://")
        return value.rstrip("/")
