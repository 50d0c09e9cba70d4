"""What only the whole service can check about a configuration: what it names exists and can be used."""

from engines.open_engine import check_choice
from service.accept.admission.admission import Admission
from service.accept.commitment.scu import CommitmentSCU
from service.config import Rule, Settings
from service.dicom.header import is_keyword, suggest_keyword
from service.dicom.predicates import keywords
from service.errors import ConfigurationError
from service.net.server_tls import Certificates
from service.send.links import check_destination
from service.wiring.adapters import engine_choice, manifests, open_store, own_classifier_names, translated
from service.wiring.assemble import character_sets_of
from service.wiring.fetch import check_source
from service.wiring.kinds import check_kinds
from service.wiring.perform import check_task_manager
from service.wiring.priors import prior_policy
from service.wiring.traces import check_traces


def check(settings: Settings) -> None:
    """Raises ConfigurationError naming what a rule, a sender or TLS asks for and is not there."""
    whens = [*(rule.when for rule in settings.rules), *settings.assemble.whens]
    for keyword in keywords(whens):
        if not is_keyword(keyword):
            close = suggest_keyword(keyword)
            hint = f"; did you mean {close}?" if close else ""
            raise ConfigurationError(f"rules: {keyword!r} is not a DICOM keyword of PS3.6{hint}")
    for routing_rule in settings.rules:
        _check_called_ae_title(routing_rule, settings)
        if routing_rule.priors is not None and not settings.sources:
            raise ConfigurationError(
                f"rule {routing_rule.name!r} asks for priors, and [[sources]] has no PACS: add it"
            )
    prior_policy(settings)
    check_traces(settings)
    for rule in settings.assemble.completeness:
        if rule.count == "pacs" and not settings.sources:
            raise ConfigurationError(
                f"assemble.completeness: {rule.name!r} has count = pacs, and [[sources]] has no PACS: add it"
            )
    Admission(settings.accept)
    character_sets_of(settings)
    _check_tls(settings)
    own_classifier_names(settings)
    if settings.store.kind == "s3":
        open_store(settings)  # reads the credentials, and asks nobody
    for manifest in manifests(settings).values():
        with translated():
            check_choice(manifest, engine_choice(settings))


def _check_tls(settings: Settings) -> None:
    """Raises ConfigurationError for files that cannot be used, of TLS in either direction."""
    accept = settings.accept
    if accept.tls.is_on:
        Certificates("accept.tls", accept.tls)
    if accept.stow.enabled and accept.stow.has_tls:
        Certificates("accept.stow", accept.stow)
    CommitmentSCU(accept)
    for destination in settings.destinations:
        check_destination(destination)
    check_kinds(settings)
    for source in settings.sources:
        check_source(settings, source)
    for manager in settings.task_managers:
        check_task_manager(settings, manager)


def _check_called_ae_title(rule: Rule, settings: Settings) -> None:
    """Raises ConfigurationError for a title by which nobody can call us: the rule would never match."""
    accept, predicate = settings.accept, rule.called_ae_title
    if predicate is None or not accept.require_called_ae_title:
        return
    ours = (accept.ae_title, *accept.extra_ae_titles)
    for title in (*filter(None, [predicate.equals]), *(predicate.any_of or ())):
        if title.strip().casefold() not in {one.casefold() for one in ours}:
            raise ConfigurationError(
                f"rule {rule.name!r} asks for the called AE title {title}, and ours are {', '.join(ours)}: "
                "add it to accept.extra_ae_titles"
            )
