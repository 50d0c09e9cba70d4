"""Links that break or become slow."""

import random

from tests.faults.kinds.fault import Fault
from tests.faults.link import Link

SLOW_BYTES_PER_S = (2_000.0, 20_000.0)


class LinkCut(Fault):
    """Every connection is reset, and so is each new one."""

    def __init__(self, to: str, link: Link) -> None:
        super().__init__(f"{to} cut off", f"link to {to}")
        self._link = link

    def begin(self, rng: random.Random) -> None:
        self._link.cut()

    def end(self) -> None:
        self._link.mend()


class LinkSlow(Fault):
    """A few thousand bytes a second."""

    def __init__(self, to: str, link: Link) -> None:
        super().__init__(f"{to} slow", f"link to {to}")
        self._link = link

    def begin(self, rng: random.Random) -> None:
        self._link.slow(rng.uniform(*SLOW_BYTES_PER_S))

    def end(self) -> None:
        self._link.mend()
