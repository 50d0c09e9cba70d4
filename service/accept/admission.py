"""Who may associate: AE titles, addresses, and how many at one time."""

import ipaddress
from dataclasses import dataclass
from enum import Enum

import structlog

from service.config import AcceptSettings
from service.errors import ConfigurationError

log = structlog.get_logger()

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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
    HOST = _Reject(1, 1, 1, "the address is not in accept.allowed_hosts")
    VERSION = _Reject(1, 2, 2, "the protocol version is not 1")
    TOO_MANY = _Reject(2, 3, 2, "accept.max_associations are open")
    STOPPING = _Reject(2, 3, 1, "the service is stopping")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for an association."""

    calling_ae_title: str
    called_ae_title: str
    host: str


class Admission:
    """The rules. Raises ConfigurationError for an allowed host that is neither an address nor a network."""

    def __init__(self, settings: AcceptSettings) -> None:
        self._settings = settings
        self._networks = [_network(host) for host in settings.allowed_hosts]

    def decide(self, caller: Caller, open_associations: int, *, stopping: bool = False) -> Rejection | None:
        """None when `caller` may associate beside those that are open, else the reason why not."""
        settings = self._settings
        if stopping:
            return Rejection.STOPPING
        if self._networks and not self._is_allowed(caller.host):
            return Rejection.HOST
        if settings.require_called_ae_title and caller.called_ae_title != settings.ae_title:
            return Rejection.CALLED_AE_TITLE
        allowed = settings.allowed_calling_ae_titles
        if allowed and caller.calling_ae_title not in allowed:
            return Rejection.CALLING_AE_TITLE
        if open_associations >= settings.max_associations:
            return Rejection.TOO_MANY
        return None

    def _is_allowed(self, host: str) -> bool:
        address = _address(host)
        return any(address in network for network in self._networks)


def log_rejection(caller: Caller, rejection: Rejection) -> None:
    """Say who was turned away and why."""
    log.warning(
        "association rejected",
        calling_ae_title=caller.calling_ae_title,
        host=caller.host,
        reason=rejection.value.reason,
    )


def _network(host: str) -> _Network:
    try:
        return ipaddress.ip_network(host, strict=False)
    except ValueError:
        raise ConfigurationError(
            f"accept.allowed_hosts has {host!r}, which is neither an address such as 10.1.0.7 nor a network "
            "such as 10.1.0.0/16"
        ) from None


def _address(host: str) -> _Address:
    """The peer's address; an IPv4 peer of a dual-stack socket shows as ::ffff:10.1.0.7."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
