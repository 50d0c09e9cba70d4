"""What a fault is: something that begins and ends, and what it does not mix with."""

import random
from abc import ABC, abstractmethod


class Fault(ABC):
    """One way to break one part of a site. It can be begun again after its end."""

    def __init__(self, name: str, part: str, lasts_s: tuple[float, float] = (3.0, 6.0)) -> None:
        self.name = name
        self.part = part
        """Two faults of one part are never brought in at the same time."""
        self.lasts_s = lasts_s
        """Shortest and longest time between begin and end."""

    @abstractmethod
    def begin(self, rng: random.Random) -> None:
        """Break it."""

    @abstractmethod
    def end(self) -> None:
        """Give back what was taken. What the service has to mend it mends by itself."""
