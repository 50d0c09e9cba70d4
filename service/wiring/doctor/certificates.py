"""Our own certificates: they fit their keys, and are good for long enough."""

from collections.abc import Iterator

from service.config import Settings
from service.errors import ConfigurationError
from service.net.own_certificate import look_at_certificate
from service.wiring.doctor.finding import Finding, failed, ok, skipped
from service.wiring.doctor.network import until
from service.wiring.doctor.tls_sections import OwnTLS, tls_sections


def look_at_certificates(settings: Settings) -> Iterator[Finding]:
    """One finding for each."""
    sections = tls_sections(settings)
    if not sections:
        yield skipped("certificates", "the configuration names none of ours")
    for section in sections:
        yield from _look(section)


def _look(tls: OwnTLS) -> Iterator[Finding]:
    renew = f"have {tls.certificate} renewed: it is read for each new connection"
    try:
        found = look_at_certificate(tls.certificate, tls.key, of_server=tls.of_server)
    except ConfigurationError as error:
        yield failed(tls.setting, str(error), "put the right files there, readable for the service's user")
        return
    if found.problem:
        yield failed(tls.setting, f"{tls.certificate}: {found.problem}", renew)
    elif found.valid_until is None:
        yield skipped(tls.setting, f"{tls.certificate} fits its key; until when it is good is not told")
    else:
        told = list(until(tls.setting, str(tls.certificate), found.valid_until, renew))
        good = f"{tls.certificate} fits its key, and is good until {found.valid_until:%Y-%m-%d}"
        yield from told or [ok(tls.setting, good)]
