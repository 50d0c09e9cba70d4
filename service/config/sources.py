"""PACS that studies are fetched from, and counted in: by DIMSE or by DICOMweb."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import model_validator

from service.config.http_peer import HttpPeer, HttpUrl
from service.config.tls import ClientTLS
from service.config.types import AETitle, Name, Port, Seconds, Section


class DimseSource(Section):
    """A PACS that answers C-FIND, and C-GET or C-MOVE (Study Root)."""

    host: str
    """Address or name."""
    port: Port
    """TCP port."""
    ae_title: AETitle
    """Its AE title."""
    calling_ae_title: AETitle | None = None
    """Our AE title towards it. Empty: `accept.ae_title`."""
    tls: ClientTLS | None = None
    """TLS towards it, such as `{ ca = "/etc/preread/ca.pem" }`. Empty: none."""
    retrieve: Literal["c-get", "c-move"] = "c-get"
    """`c-get`: instances come over the association that asks for them. `c-move`: the PACS sends them to
    `move_destination`, whose host and port it has to know."""
    move_destination: AETitle | None = None
    """AE title that a C-MOVE names as its destination: one of ours. Empty: `accept.ae_title`."""
    connect_timeout_s: Seconds = 15.0
    """Seconds to wait for a connection and for an association."""
    timeout_s: Seconds = 60.0
    """Seconds of silence after which it counts as away. A PACS that fetches from tape needs more, and one
    that does not tell how far a C-MOVE is."""


class DicomWebSource(HttpPeer):
    """A PACS that answers QIDO-RS and WADO-RS (PS3.18)."""

    qido_url: HttpUrl
    """Base of QIDO-RS, such as `https://pacs.example.org/dicom-web`; `/studies` is added."""
    wado_url: HttpUrl | None = None
    """Base of WADO-RS. Empty: `qido_url`."""

    @model_validator(mode="after")
    def _keeps_the_token(self) -> Self:
        self.keep_token(self.qido_url, self.wado_url)
        return self


class Source(Section):
    """A PACS that studies are fetched from. Give either `dimse` or `dicomweb`."""

    name: Name
    """How `preread fetch --source` calls it."""
    dimse: DimseSource | None = None
    """How to reach it by DIMSE."""
    dicomweb: DicomWebSource | None = None
    """How to reach it by DICOMweb."""
    count_timeout_s: Seconds = 5.0
    """Seconds that counting a study's instances may take (a completeness rule with `count = "pacs"`): other
    studies wait meanwhile."""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.dimse is None) is (self.dicomweb is None):
            raise ValueError(f"source {self.name!r}: give either dimse or dicomweb, and only one of them")
        return self


def check_sources(sources: Sequence[Source]) -> None:
    """Raises ValueError where two sources share a name."""
    names = [source.name for source in sources]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two sources are called {', '.join(sorted(twice))}; give each its own name")
