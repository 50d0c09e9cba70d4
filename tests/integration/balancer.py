"""A TCP balancer: connections go to several ports in turn, as a Service in front of replicas sends them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle

from tests.faults.link import Link


class Balancer(Link):
    """A connection whose replica does not answer is closed; whoever opened it tries again."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = cycle(ports)
        self.connections: Counter[int] = Counter()
        """By port, how many have gone there."""
        super().__init__(ports[0])

    def _target(self) -> int:
        with self._lock:
            port = next(self._ports)
            self.connections[port] += 1
        return port


@contextmanager
def balancer(ports: Sequence[int]) -> Iterator[Balancer]:
    """One in front of these ports, closed at the end."""
    proxy = Balancer(ports)
    try:
        yield proxy
    finally:
        proxy.close()
