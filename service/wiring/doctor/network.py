"""The network to one server: name, TCP, TLS and how long its certificate is good for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from service.net.reach import Reached, reach
from service.wiring.doctor.endpoints import Endpoint
from service.wiring.doctor.finding import Finding, failed, ok, warning

CONNECT_WITHIN_S = 10.0
SOON = timedelta(days=30)
"""A certificate that ends within so many days is told."""
SLOW_S = 0.5
"""A name or a connection that takes longer holds up every association."""


def look_at_network(endpoint: Endpoint) -> Iterator[Finding]:
    """Raises PeerUnavailable, ConfigurationError."""
    tls = endpoint.tls() if endpoint.tls is not None else None
    reached = reach(endpoint.host, endpoint.port, CONNECT_WITHIN_S, tls)
    seen = (
        f"{endpoint.host} is {reached.address} (resolved in {_ms(reached.resolve_s)}), port {endpoint.port} "
        f"answers in {_ms(reached.connect_s)}{_in_tls(reached)}"
    )
    if max(reached.resolve_s, reached.connect_s) > SLOW_S:
        yield warning(endpoint.about, seen, "that is slow: look at the DNS servers and the network between")
    else:
        yield ok(endpoint.about, seen)
    if reached.valid_until is not None:
        yield from until(endpoint.about, "its certificate", reached.valid_until, "a new one is due there")


def until(about: str, what: str, valid_until: datetime, to_do: str) -> Iterator[Finding]:
    """Nothing where it is good for long."""
    left = valid_until - datetime.now(UTC)
    if left < timedelta(0):
        yield failed(about, f"{what} has ended on {valid_until:%Y-%m-%d}", to_do)
    elif left < SOON:
        yield warning(about, f"{what} ends on {valid_until:%Y-%m-%d}, in {left.days} days", to_do)


def _in_tls(reached: Reached) -> str:
    if not reached.tls_version:
        return ""
    good = f", certificate good until {reached.valid_until:%Y-%m-%d}" if reached.valid_until else ""
    return f", {reached.tls_version}{good}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
