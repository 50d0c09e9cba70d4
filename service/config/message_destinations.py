"""Systems that take results as messages: HL7 v2 by MLLP, FHIR R4, a webhook."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from service.config.http_peer import HttpPeer, HttpUrl
from service.config.tls import ClientTLS
from service.config.types import Port, Seconds, Section

_Field = Annotated[str, Field(max_length=180, pattern=r"^[A-Za-z0-9 ._-]*$")]


class Hl7Destination(Section):
    """A system that takes ORU^R01 (HL7 2.5.1) by MLLP."""

    host: str
    """Address or name."""
    port: Port = 2575
    """TCP port; 2575 is the registered one."""
    tls: ClientTLS | None = None
    """TLS towards it, such as `{ ca = "/etc/preread/ca.pem" }`. Empty: none."""
    sending_application: _Field = "PREREAD"
    """MSH-3."""
    sending_facility: _Field = ""
    """MSH-4."""
    receiving_application: _Field = ""
    """MSH-5."""
    receiving_facility: _Field = ""
    """MSH-6."""
    timeout_s: Seconds = 30.0
    """Seconds to wait for a connection and for the acknowledgement."""


class FhirDestination(HttpPeer):
    """A FHIR R4 server that takes DiagnosticReport and Observation, in one transaction."""

    url: HttpUrl
    """Its base, such as `https://fhir.example.org/r4`."""

    @model_validator(mode="after")
    def _keeps_the_token(self) -> Self:
        self.keep_token(self.url)
        return self


class WebhookDestination(HttpPeer):
    """An address to which results are POSTed as JSON, signed."""

    url: HttpUrl
    """The address."""
    secret_file: Path
    """File with the secret of the signature (HMAC with SHA-256), read for each request. Header
    `Preread-Signature`: `t=SECONDS,v1=HEX`, of the bytes `SECONDS.BODY`."""

    @model_validator(mode="after")
    def _keeps_the_token(self) -> Self:
        self.keep_token(self.url)
        return self
