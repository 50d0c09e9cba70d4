"""Who may associate: AE titles, addresses, how many at one time, and on which terms."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum

import structlog

from service.accept.admission.networks import Networks
from service.accept.admission.peers import PeerList, Terms
from service.accept.association.contexts import OTHER_SOP_CLASSES
from service.config import AcceptSettings
from service.telemetry.metrics.receiving import ASSOCIATIONS, REJECTIONS
from service.telemetry.metrics.scanners import SCANNERS

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Reject:
    result: int
    source: int
    diagnostic: int
    reason: str


class Rejection(Enum):
    """Why an association is rejected: result, source and diagnostic of A-ASSOCIATE-RJ (PS3.8 table 9-21)."""

    CALLED_AE_TITLE = _Reject(1, 1, 7, "the called AE title is not ours (accept.require_called_ae_title)")
    CALLING_AE_TITLE = _Reject(1, 1, 3, "the calling AE title is not in accept.allowed_calling_ae_titles")
    UNLISTED = _Reject(1, 1, 3, "the calling AE title is not in accept.peers (accept.only_listed_peers)")
    PEER_HOST = _Reject(1, 1, 3, "the calling AE title has other hosts in accept.peers")
    HOST = _Reject(1, 1, 1, "the address is not in accept.allowed_hosts")
    VERSION = _Reject(1, 2, 2, "the protocol version is not 1")
    TOO_MANY = _Reject(2, 3, 2, "accept.max_associations are open")
    TOO_MANY_OF_PEER = _Reject(2, 3, 2, "as many are open as accept.peers gives this peer (max_associations)")
    NO_SPACE = _Reject(2, 3, 2, "free space is low (accept.min_free_bytes, accept.resume_free_bytes)")
    STOPPING = _Reject(2, 3, 1, "the service is stopping")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for an association, and for what."""

    calling_ae_title: str
    called_ae_title: str
    host: str
    abstract_syntaxes: frozenset[str] = frozenset()


def never() -> bool:
    """For `is_space_low` where nobody looks."""
    return False


class Admission:
    """The rules. Raises ConfigurationError for settings that cannot be used.

    While `is_space_low`, who would store is rejected; who verifies, or asks for storage commitment, is not.
    """

    def __init__(self, settings: AcceptSettings, is_space_low: Callable[[], bool] = never) -> None:
        self._settings = settings
        self._is_space_low = is_space_low
        self._networks = Networks(settings.allowed_hosts, "accept.allowed_hosts")
        self._ae_titles = {settings.ae_title, *settings.extra_ae_titles}
        self.peers = PeerList(settings)

    def decide(
        self, caller: Caller, open_callers: Collection[Caller], *, stopping: bool = False
    ) -> Rejection | Terms:
        """The terms on which `caller` may associate beside those that have, else the reason why not."""
        if stopping:
            return Rejection.STOPPING
        terms = self._recognise(caller)
        if isinstance(terms, Rejection):
            return terms
        return self._limit(caller, terms, open_callers) or terms

    def _recognise(self, caller: Caller) -> Rejection | Terms:
        if not self._networks.have(caller.host):
            return Rejection.HOST
        if self._settings.require_called_ae_title and caller.called_ae_title not in self._ae_titles:
            return Rejection.CALLED_AE_TITLE
        return self._terms(caller)

    def _terms(self, caller: Caller) -> Rejection | Terms:
        terms = self.peers.find(caller.calling_ae_title, caller.host)
        if terms is not None:
            return terms
        if self.peers.is_listed(caller.calling_ae_title):
            return Rejection.PEER_HOST
        if self._settings.only_listed_peers:
            return Rejection.UNLISTED
        allowed = self._settings.allowed_calling_ae_titles
        if allowed and caller.calling_ae_title not in allowed:
            return Rejection.CALLING_AE_TITLE
        return self.peers.unlisted

    def _limit(self, caller: Caller, terms: Terms, open_callers: Collection[Caller]) -> Rejection | None:
        if len(open_callers) >= self._settings.max_associations:
            return Rejection.TOO_MANY
        if terms is not self.peers.unlisted and self._count(terms, open_callers) >= terms.max_associations:
            return Rejection.TOO_MANY_OF_PEER
        would_store = not caller.abstract_syntaxes <= OTHER_SOP_CLASSES.keys()
        if would_store and self._is_space_low():
            return Rejection.NO_SPACE
        return None

    def _count(self, terms: Terms, open_callers: Collection[Caller]) -> int:
        return sum(self.peers.find(other.calling_ae_title, other.host) is terms for other in open_callers)


def tell_admission(caller: Caller) -> None:
    """Count who was let in."""
    ASSOCIATIONS.labels(SCANNERS.label(caller.calling_ae_title), "accepted").inc()


def tell_rejection(caller: Caller, rejection: Rejection) -> None:
    """Say, and count, who was turned away and why."""
    ASSOCIATIONS.labels(SCANNERS.label(caller.calling_ae_title), "rejected").inc()
    REJECTIONS.labels(rejection.name.lower()).inc()
    log.warning(
        "association rejected",
        calling_ae_title=caller.calling_ae_title,
        host=caller.host,
        reason=rejection.value.reason,
    )
