"""Studies one after the other for a long time, always as many under way."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from service.storage.ledger.ledger import Ledger
from service.study.state import StudyState
from tests.faults.scanner import Scanners
from tests.faults.site import Site
from tests.faults.soak.sample import Sample, sample
from tests.faults.studies import SmallStudy, small_study

UNDER_WAY = 12
"""So many studies are between scanner and PACS. A quiet period of 2 s is most of the way of each."""
SAMPLES = 100
WARM_UP = 0.04
"""This share of the studies comes before the first sample: caches and pools fill."""
POLL_S = 0.2
STUCK_S = 300.0


class StandstillError(Exception):
    """Nothing was delivered for a long time."""


@dataclass(slots=True)
class Soak:
    """A run at one site. `latencies_s`: last acknowledgement to delivered, in the order of delivery."""

    site: Site
    scanners: Scanners
    studies: int
    samples: list[Sample] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    _under_way: dict[str, SmallStudy] = field(default_factory=dict)
    _sent: int = 0
    _delivered: int = 0

    def run(self, delivered: Callable[[int], None]) -> None:
        """Send and wait. Raises StandstillError. `delivered` is called with how many more there are."""
        rng = random.Random("soak")
        warm_up = max(1, int(self.studies * WARM_UP))
        every = max(1, (self.studies - warm_up) // SAMPLES)
        due, moved_s = warm_up, time.monotonic()
        ledger = Ledger(self.site.ledger_url)
        try:
            while self._delivered < self.studies:
                self._send(rng)
                if more := self._take_delivered(ledger, count_from=warm_up):
                    delivered(more)
                    moved_s = time.monotonic()
                if time.monotonic() - moved_s > STUCK_S:
                    raise StandstillError(
                        f"{len(self._under_way)} studies are stuck: {list(self._under_way)}"
                    )
                if self._delivered >= due:
                    self.samples.append(sample(self.site, self._delivered))
                    due += every
                time.sleep(POLL_S)
        finally:
            ledger.close()

    def _send(self, rng: random.Random) -> None:
        while len(self._under_way) < UNDER_WAY and self._sent < self.studies:
            study = small_study(rng)
            self._under_way[study.uid] = study
            self._sent += 1
            self.scanners.send(study)

    def _take_delivered(self, ledger: Ledger, count_from: int) -> int:
        with ledger.read() as tx:
            found = [tx.studies.find(uid) for uid in self._under_way]
        arrived = [one for one in found if one is not None and one.state is StudyState.DELIVERED]
        for one in sorted(arrived, key=lambda one: one.updated_at):
            study = self._under_way[one.study_instance_uid]
            if len(self.scanners.acknowledged(study)) < len(study.images):
                continue  # a later revision follows
            del self._under_way[study.uid]
            self._delivered += 1
            if self._delivered > count_from:
                last_s = max(self.scanners.acknowledged_at[image.uid] for image in study.images)
                self.latencies_s.append(one.updated_at.timestamp() - last_s)
        return len(arrived)
