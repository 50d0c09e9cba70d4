"""Every section of the configuration with a certificate of ours."""

from dataclasses import dataclass
from pathlib import Path

from service.config import Settings
from service.net.tls import PemFiles


@dataclass(frozen=True, slots=True)
class OwnTLS:
    """`setting` is the section, such as `accept.tls`. `of_server`: whether it is shown to callers."""

    setting: str
    certificate: Path
    key: Path
    of_server: bool


def tls_sections(settings: Settings) -> list[OwnTLS]:
    """Those with certificate and key; the others show none."""
    accept, worklist = settings.accept, settings.worklist
    servers: dict[str, PemFiles | None] = {
        "accept.tls": accept.tls,
        "accept.stow": accept.stow,
        "worklist.tls": worklist.tls,
    }
    clients: dict[str, PemFiles | None] = {"broker.tls": settings.broker.tls}
    clients |= {f"accept.commitment_peers.{one.ae_title}.tls": one.tls for one in accept.commitment_peers}
    for one in settings.destinations:
        clients[f"destinations.{one.name}.tls"] = one.tls
        clients[f"destinations.{one.name}.hl7.tls"] = one.hl7.tls if one.hl7 is not None else None
    clients |= {
        f"sources.{one.name}.dimse.tls": one.dimse.tls for one in settings.sources if one.dimse is not None
    }
    return [
        OwnTLS(setting, section.certificate, section.key, of_server)
        for sections, of_server in ((servers, True), (clients, False))
        for setting, section in sections.items()
        if section is not None and section.certificate is not None and section.key is not None
    ]
