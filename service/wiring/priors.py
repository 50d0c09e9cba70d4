"""Fetching priors by itself: what asks for them, and from where they come."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from service.config import Settings
from service.enqueue.priors_gate import PriorPolicy, PriorsGate
from service.fetch.port import Archive
from service.fetch.prior_fetch import Fetches, PriorFetching
from service.storage.ledger.ledger import Ledger
from service.study.prior import PriorsWanted
from service.wiring.asked import priors_wanted
from service.wiring.fetch import brought_by, find_source, open_fetching_in


def prior_policy(settings: Settings) -> PriorPolicy:
    """What rules and installed classifiers ask for. Raises ConfigurationError."""
    source = find_source(settings, settings.priors.source) if settings.sources else None
    return PriorPolicy(
        of_rules={
            rule.name: PriorsWanted(rule.priors.count, rule.priors.years, rule.priors.modalities)
            for rule in settings.rules
            if rule.priors is not None
        },
        of_classifiers=priors_wanted(settings),
        source=source.name if source else "",
        timeout_s=settings.priors.timeout_s,
        brought_by=brought_by(settings, source) if source else (),
        analyse=settings.priors.analyse,
    )


def priors_gate(settings: Settings, ledger: Ledger) -> PriorsGate:
    """Where studies wait. Raises ConfigurationError."""
    return PriorsGate(ledger, prior_policy(settings))


def prior_fetching(settings: Settings, ledger: Ledger) -> Callable[[], object] | None:
    """One turn of fetching, to be called again and again; None where nothing asks for priors.

    Raises ConfigurationError.
    """
    policy = prior_policy(settings)
    if not policy.source or not (policy.of_rules or policy.of_classifiers):
        return None
    return PriorFetching(ledger, policy.source, partial(_open, settings, ledger)).turn


@contextmanager
def _open(settings: Settings, ledger: Ledger, deadline: float) -> Iterator[tuple[Archive, Fetches]]:
    source = find_source(settings, settings.priors.source)
    with open_fetching_in(settings, source, ledger, deadline) as fetching:
        yield fetching.archive, fetching.fetcher
