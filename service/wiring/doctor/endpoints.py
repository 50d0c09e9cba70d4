"""Every server that the configuration names: host, port, and how TLS is spoken with it."""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from service.config import Destination, Settings, Source
from service.config.http_peer import HttpPeer
from service.config.tls import ClientTLS
from service.net.client_tls import client_context
from service.net.http import tls_context
from service.storage.ledger.questions.examine import server_of

MakeTLS = Callable[[], ssl.SSLContext]
_HTTP_PORTS = {"http": 80, "https": 443}
_AMQP_PORTS = {"amqp": 5672, "amqps": 5671}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`tls` is None where the connection begins without TLS; it raises ConfigurationError."""

    about: str
    host: str
    port: int
    tls: MakeTLS | None = None


def endpoints(settings: Settings, destinations: tuple[Destination, ...]) -> list[Endpoint]:
    """All of them, each once for each purpose."""
    found = [*_of_servers(settings)]
    for destination in destinations:
        found += _of_destination(destination)
    for source in settings.sources:
        found += _of_source(source)
    for peer in settings.accept.commitment_peers:
        setting = f"accept.commitment_peers.{peer.ae_title}.tls"
        found.append(
            Endpoint(f"commitment peer {peer.ae_title}", peer.host, peer.port, _dicom(setting, peer.tls))
        )
    return found


def _of_servers(settings: Settings) -> Iterator[Endpoint]:
    database = server_of(settings.ledger_url)
    if database is not None:
        yield Endpoint("database", *database)
    if settings.broker.kind == "rabbitmq":
        parts, tls = urlsplit(settings.broker.url), None
        if parts.scheme == "amqps":
            tls = _dicom("broker.tls", settings.broker.tls or ClientTLS())
        yield Endpoint("broker", parts.hostname or "", parts.port or _AMQP_PORTS[parts.scheme], tls)
    if settings.store.endpoint_url:
        peer = HttpPeer(ca=settings.store.ca)
        yield _of_url("object store", settings.store.endpoint_url, peer)
    if settings.worklist.oidc.issuer:
        yield _of_url("OpenID Connect provider", settings.worklist.oidc.issuer, HttpPeer())


def _of_destination(one: Destination) -> Iterator[Endpoint]:
    about = f"destination {one.name}"
    if one.stow is not None:
        yield _of_url(about, one.stow.url, one.stow)
    elif one.fhir is not None:
        yield _of_url(about, one.fhir.url, one.fhir)
    elif one.webhook is not None:
        yield _of_url(about, one.webhook.url, one.webhook)
    elif one.hl7 is not None:
        yield Endpoint(
            about, one.hl7.host, one.hl7.port, _dicom(f"destinations.{one.name}.hl7.tls", one.hl7.tls)
        )
    else:
        yield Endpoint(about, one.host, one.port, _dicom(f"destinations.{one.name}.tls", one.tls))


def _of_source(one: Source) -> Iterator[Endpoint]:
    about = f"source {one.name}"
    if one.dicomweb is not None:
        urls = [one.dicomweb.qido_url, *filter(None, [one.dicomweb.wado_url])]
        yield from (_of_url(about, url, one.dicomweb) for url in urls)
    elif one.dimse is not None:
        tls = _dicom(f"sources.{one.name}.dimse.tls", one.dimse.tls)
        yield Endpoint(about, one.dimse.host, one.dimse.port, tls)


def _of_url(about: str, url: str, peer: HttpPeer) -> Endpoint:
    parts = urlsplit(url)
    tls: MakeTLS | None = (lambda: tls_context(peer)) if parts.scheme == "https" else None
    return Endpoint(about, parts.hostname or "", parts.port or _HTTP_PORTS[parts.scheme], tls)


def _dicom(setting: str, tls: ClientTLS | None) -> MakeTLS | None:
    return None if tls is None else lambda: client_context(setting, tls)
