"""Addresses and networks that settings name, and the addresses that peers have."""

import ipaddress
from collections.abc import Iterable

from service.errors import ConfigurationError

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Networks:
    """The `hosts` of a `setting`. Raises ConfigurationError for one that is neither address nor network."""

    def __init__(self, hosts: Iterable[str], setting: str) -> None:
        self._networks = [_network(host, setting) for host in hosts]

    def have(self, host: str) -> bool:
        """Whether `host`, a peer's address, is in one of them, or there are none.

        An IPv4 peer of a dual-stack socket shows as ::ffff:10.1.0.7.
        """
        if not self._networks:
            return True
        address = ipaddress.ip_address(host.partition("%")[0])
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return any((mapped or address) in network for network in self._networks)


def _network(host: str, setting: str) -> _Network:
    try:
        return ipaddress.ip_network(host, strict=False)
    except ValueError:
        raise ConfigurationError(
            f"{setting} has {host!r}, which is neither an address such as 10.1.0.7 nor a network "
            "such as 10.1.0.0/16"
        ) from None
