"""What only the whole service can check about a configuration: what it names exists and can be used."""

from engines.open_engine import check_choice
from service.accept.admission.admission import Admission
from service.accept.association.tls import Certificates
from service.config import Settings
from service.dicom.header import is_keyword, suggest_keyword
from service.dicom.predicates import keywords
from service.errors import ConfigurationError
from service.wiring.adapters import engine_choice, manifests, translated
from service.wiring.assemble import character_sets_of


def check(settings: Settings) -> None:
    """Raises ConfigurationError naming what a rule, a sender or TLS asks for and is not there."""
    whens = [*(rule.when for rule in settings.rules), *settings.assemble.whens]
    for keyword in keywords(whens):
        if not is_keyword(keyword):
            close = suggest_keyword(keyword)
            hint = f"; did you mean {close}?" if close else ""
            raise ConfigurationError(f"rules: {keyword!r} is not a DICOM keyword of PS3.6{hint}")
    for rule in settings.assemble.completeness:
        if rule.count == "pacs" and not settings.sources:
            raise ConfigurationError(
                f"assemble.completeness: {rule.name!r} has count = pacs, and [[sources]] has no PACS: add it"
            )
    Admission(settings.accept)
    character_sets_of(settings)
    if settings.accept.tls.is_on:
        Certificates(settings.accept.tls)
    for manifest in manifests(settings).values():
        with translated():
            check_choice(manifest, engine_choice(settings))
