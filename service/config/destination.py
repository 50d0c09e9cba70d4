"""Systems that receive results: a PACS by DIMSE or by STOW-RS, others by HL7, FHIR or a webhook."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from service.config.http_peer import HttpPeer, HttpUrl
from service.config.message_destinations import FhirDestination, Hl7Destination, WebhookDestination
from service.config.profiles import MESSAGES
from service.config.tls import ClientTLS
from service.config.types import AETitle, Name, Port, Seconds, Section

Way = Literal["dimse", "stow", "hl7", "fhir", "webhook"]
_OTHER_WAYS: tuple[Way, ...] = ("stow", "hl7", "fhir", "webhook")


class StowDestination(HttpPeer):
    """A PACS that takes results by STOW-RS (PS3.18 10.5)."""

    url: HttpUrl
    """Base of STOW-RS, such as `https://pacs.example.org/dicom-web`; `/studies` is added."""
    qido_url: HttpUrl | None = None
    """Base of QIDO-RS, by which is looked whether it holds them. Empty: `url`."""

    @model_validator(mode="after")
    def _keeps_the_token(self) -> Self:
        self.keep_token(self.url, self.qido_url)
        return self


class Destination(Section):
    """A system that receives results. Give either `host` and `ae_title`, or one of `stow`, `hl7`, `fhir` and
    `webhook`.
    """

    name: Name
    """How rules call it."""
    host: str = ""
    """Address or name."""
    port: Port = 104
    """TCP port; 104 is the registered one of DICOM."""
    ae_title: AETitle = ""
    """Its AE title."""
    tls: ClientTLS | None = None
    """TLS towards it, such as `{ ca = "/etc/preread/ca.pem" }`. Empty: none."""
    stow: StowDestination | None = None
    """How to reach it by STOW-RS."""
    hl7: Hl7Destination | None = None
    """How to reach it by HL7 v2."""
    fhir: FhirDestination | None = None
    """How to reach it by FHIR."""
    webhook: WebhookDestination | None = None
    """How to reach it by a webhook."""
    profile: Name = "generic"
    """Which kinds of result objects it gets: `generic` (SR and heatmap), `ohif`, `weasis`,
    `mammo-workstation`, or one of `report.profiles`."""
    confirm: Literal["auto", "commitment", "query", "status"] = "auto"
    """What proves that it holds an object. `commitment`: it has committed itself to that (Storage Commitment
    Push Model). `query`: C-FIND or QIDO-RS finds it. `status`: its answer to C-STORE or STOW-RS. `auto`: the
    first of these that it offers, and the next one where it refuses or does not report. The others are not
    weakened: without that proof the study is not delivered, and its reason says what the PACS refused."""
    commitment_timeout_s: Seconds = 600.0
    """Seconds to wait for a report of storage commitment. Then `auto` takes the next proof, `commitment` asks
    again."""
    missing_after_s: Seconds = 60.0
    """Seconds after which it has lost what it answered with Success and a query does not find: then that is
    sent again. Some PACS index later than they answer."""
    max_associations: Annotated[int, Field(ge=1, le=64)] = 2
    """Studies that are sent to it at one time, each on an association of its own."""

    @property
    def way(self) -> Way:
        """How it is reached."""
        return next((way for way in _OTHER_WAYS if getattr(self, way) is not None), "dimse")

    @model_validator(mode="after")
    def _has_one_way(self) -> Self:
        others = [way for way in _OTHER_WAYS if getattr(self, way) is not None]
        of_dimse = {"host", "port", "ae_title"} & self.model_fields_set or self.tls is not None
        if len(others) > 1 or (others and of_dimse):
            raise ValueError(
                f"destination {self.name!r}: give either host, port, ae_title and tls, or one of "
                f"{', '.join(_OTHER_WAYS)}, not several"
            )
        if not others and not (self.host and self.ae_title):
            raise ValueError(
                f"destination {self.name!r}: give host and ae_title, or one of {', '.join(_OTHER_WAYS)}"
            )
        return self

    @model_validator(mode="after")
    def _can_confirm(self) -> Self:
        if self.stow is not None and self.confirm == "commitment":
            raise ValueError(
                f"destination {self.name!r}: storage commitment is not asked for by STOW-RS; "
                "set confirm to auto, query or status"
            )
        if self.way in MESSAGES and self.confirm not in ("auto", "status"):
            raise ValueError(
                f"destination {self.name!r}: its acknowledgement is the only proof; "
                "set confirm to auto or status"
            )
        if self.way in MESSAGES and "profile" in self.model_fields_set:
            raise ValueError(f"destination {self.name!r}: profiles are for DICOM objects; leave profile out")
        return self
