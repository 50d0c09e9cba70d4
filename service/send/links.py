"""Links to every destination, by the way that is configured for it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from service.config import Destination, SendSettings
from service.net.client_tls import client_context
from service.net.http import HttpClient
from service.send.association import tls_setting
from service.send.associations import Associations
from service.send.dimse import DimseLink, contexts_for
from service.send.event_report import OnReport
from service.send.hl7_link import Hl7Link
from service.send.http_link import FhirLink, WebhookLink, read_secret
from service.send.link import Link
from service.send.stow_link import StowLink


def check_destination(destination: Destination) -> None:
    """Raises ConfigurationError where files that it names cannot be used."""
    if destination.tls is not None:
        client_context(tls_setting(destination), destination.tls)
    for peer in filter(None, (destination.stow, destination.fhir, destination.webhook)):
        HttpClient(peer)
    if destination.hl7 is not None and destination.hl7.tls is not None:
        client_context(hl7_tls_setting(destination), destination.hl7.tls)
    if destination.webhook is not None:
        read_secret(destination.webhook)


class Links:
    """Opens links; associations are kept for a while, and closed by `close_idle` and `close`."""

    def __init__(
        self, destinations: Collection[Destination], settings: SendSettings, on_report: OnReport
    ) -> None:
        self._associations = {
            one.name: Associations(one, settings, on_report) for one in destinations if one.way == "dimse"
        }

    @contextmanager
    def open(self, destination: Destination, sop_class_uids: Collection[str]) -> Iterator[Link]:
        """A link for objects of these SOP Classes. Raises PeerUnavailable."""
        link = _without_association(destination)
        if link is not None:
            yield link
            return
        contexts = contexts_for(destination, sop_class_uids)
        with self._associations[destination.name].lend(contexts) as association:
            yield DimseLink(association)

    def close_idle(self) -> None:
        """Release associations that nobody has used for a while."""
        for associations in self._associations.values():
            associations.close_idle()

    def close(self) -> None:
        """Release all associations that are idle."""
        for associations in self._associations.values():
            associations.close()


def hl7_tls_setting(destination: Destination) -> str:
    """Where its TLS towards HL7 is configured."""
    return f"destinations.{destination.name}.hl7.tls"


def _without_association(destination: Destination) -> Link | None:
    """None where it is reached by DIMSE."""
    if destination.stow is not None:
        return StowLink(destination.stow)
    if destination.hl7 is not None:
        return Hl7Link(destination.hl7, hl7_tls_setting(destination))
    if destination.fhir is not None:
        return FhirLink(destination.fhir)
    if destination.webhook is not None:
        return WebhookLink(destination.webhook)
    return None
