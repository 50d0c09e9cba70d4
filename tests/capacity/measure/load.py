"""Load for the service that is measured, from `preread simulate`."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace

from rich.console import Console

from service.cli.simulate.follow import Seen
from service.cli.simulate.from_ledger import FromLedger
from service.cli.simulate.plan import PlannedStudy, planned
from service.cli.simulate.run import Simulation
from service.cli.simulate.scenario import Scanner, Scenario
from service.cli.simulate.tally import SentStudy, Tally
from service.config import Destination
from service.storage.ledger import Ledger
from tests.capacity.measure.site import CapacitySite
from tests.capacity.measure.spent import Spent, spent
from tests.servers.process import HOST

IMAGES = (4, 8)
"""Fewest and most images of a study."""
WAIT_S = 600.0
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Played:
    """What was sent, what came of it, and what it cost, from before the first image to after all results."""

    plan: tuple[PlannedStudy, ...]
    tally: Tally
    seen: Mapping[str, Seen]
    cost: Spent

    @property
    def studies(self) -> list[SentStudy]:
        """In the order of sending."""
        return list(self.tally.studies.values())

    @property
    def images(self) -> int:
        """That were acknowledged."""
        return self.tally.images_acknowledged


def ultrasound(studies_per_hour: float, seconds: float) -> Scenario:
    """Sonographs that send together so many studies, JPEG-compressed, a few of them urgent."""
    return _scenario(
        Scanner(
            name="capacity-us",
            ae_title="SIM-CAPACITY",
            modality="US",
            studies_by_hour=(studies_per_hour,) * 24,
            images=IMAGES,
            compression="jpeg",
            associations=8,
            urgent=0.1,
        ),
        seconds,
    )


def mammography(seconds: float) -> Scenario:
    """A unit that sends large images, which no rule routes: what receiving them alone costs."""
    return _scenario(
        Scanner(
            name="capacity-mg",
            ae_title="SIM-CAPACITY",
            modality="MG",
            studies_by_hour=(HOUR_S,) * 24,
            images=(4, 4),
            rows=3328,
            columns=2560,
            compression="jpeg-ls",
            pictures=2,
            associations=2,
        ),
        seconds,
    )


def play(site: CapacitySite, scenario: Scenario, seed: str, at_once: int = 0) -> Played:
    """Send it and wait for all results; with `at_once` its first so many studies, without a pause."""
    plan = planned(scenario, seed)
    if at_once:
        plan = [replace(one, at_s=0.0) for one in plan[:at_once]]
    peer = Destination(name="service", host=HOST, port=site.preread.dicom_port, ae_title="PREREAD")
    simulation = Simulation(peer, scenario, seed, 1.0, Console(quiet=True))
    simulation.draw(plan)
    before = spent(site)
    told = simulation.send(plan)
    with closing(Ledger(site.ledger_url)) as ledger:
        seen = simulation.follow(told.tally, FromLedger(ledger), WAIT_S)
    return Played(tuple(plan), told.tally, seen, spent(site).since(before))


def _scenario(scanner: Scanner, seconds: float) -> Scenario:
    return Scenario(hours=seconds / HOUR_S, scanners=(scanner,))
