"""The settings of the web page."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from service.access.roles import Role
from service.config.oidc import OidcSettings
from service.config.tls import WebTLS
from service.config.types import Port, Section

_VIEWER_FIELDS = dict.fromkeys(("study_instance_uid", "accession_number", "patient_id"), "1")


class WorklistSettings(Section):
    """The web page."""

    bind: str = "127.0.0.1"
    """Address to listen on. Beyond loopback people have to sign in (`preread account add`), and should come
    by HTTPS: by `tls`, or through a proxy in front that hands on the headers Host and Origin, and with
    `public_url`."""
    port: Port = 8100
    """TCP port."""
    tls: WebTLS = WebTLS()
    public_url: str = ""
    """Address at which browsers reach the page, such as `https://preread.hospital`, where a proxy or an
    ingress stands in front. With https, cookies are sent over HTTPS only. Empty: `bind` and `port`."""
    sign_in: Literal["off-loopback", "always", "never"] = "off-loopback"
    """Who must sign in. `off-loopback`: everybody, but for browsers on this machine while `bind` is loopback.
    `always`: these too. `never`: nobody; for a proxy in front that knows who asks and lets nobody else in."""
    session_idle_min: Annotated[float, Field(gt=0, le=1440)] = 30.0
    """Minutes without a click after which a person has to sign in again. What a page fetches by itself is no
    click."""
    session_longest_h: Annotated[float, Field(gt=0, le=168)] = 12.0
    """Hours after which a person has to sign in again in any case."""
    oidc: OidcSettings = OidcSettings()
    masked_roles: tuple[Role, ...] = (Role.SERVICE,)
    """Roles that patients are hidden from: names, IDs, birth dates, pictures, and what people wrote."""
    language: Literal["auto", "en", "zh"] = "auto"
    """What the pages and the badges in other systems' lists are written in: English, Chinese, or by `auto` as
    each browser asks. What is kept in the ledger is English."""
    requests_per_min: Annotated[int, Field(ge=60)] = 1200
    """Requests that one person, token or address may make in a minute; more are answered with 429."""
    embed_origins: tuple[Annotated[str, Field(pattern=r"^https?://[^/*\s]+$")], ...] = ()
    """Web systems whose pages may show badges of studies, such as `https://pacs.hospital`: scheme, host and,
    where it is not the usual one, port. Empty: none."""
    viewer_url: str = ""
    """Address of a study in the department's own viewer, with `{study_instance_uid}`, `{accession_number}` or
    `{patient_id}`, such as
    `https://ohif.hospital/viewer?StudyInstanceUIDs={study_instance_uid}`. Empty: no link."""
    actions: bool = True
    """Buttons on a study's page: make it urgent, try it again, accept, modify or reject a result. Off: the
    page only reads."""

    @model_validator(mode="after")
    def _provider_knows_where_to_lead_back(self) -> Self:
        if self.oidc.issuer and not (self.public_url and self.oidc.client_id):
            raise ValueError("oidc.issuer needs oidc.client_id, and public_url for the way back from there")
        return self

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^/*\s]+", value):
            raise ValueError("write scheme and host only, such as https://preread.hospital")
        return value

    @field_validator("viewer_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not re.match(r"(?!javascript|data|vbscript)[a-z][a-z0-9+.-]*://", value):
            raise ValueError("write a whole address, such as https://ohif.hospital/viewer?...")
        try:
            value.format_map(_VIEWER_FIELDS)
        except (KeyError, ValueError, IndexError) as reason:
            raise ValueError(
                f"it may hold {', '.join(f'{{{one}}}' for one in _VIEWER_FIELDS)} only"
            ) from reason
        return value
