"""Load for the service that is measured, from `preread simulate`."""

import secrets
from collections.abc import Mapping, Sequence
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
from service.storage.ledger.ledger import Ledger
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


def ultrasound(studies_per_hour: float) -> Scenario:
    """Sonographs that send together so many studies, JPEG-compressed, a few of them urgent, for an hour."""
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
        )
    )


def mammography() -> Scenario:
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
        )
    )


def at_once(scenario: Scenario, seed: str, studies: int) -> list[PlannedStudy]:
    """The first so many studies, without a pause."""
    return [replace(one, at_s=0.0) for one in planned(scenario, seed)[:studies]]


def steady(scenario: Scenario, share: float, seconds: float, fewest: int) -> list[PlannedStudy]:
    """The first so many seconds of it, or longer where these have too few studies."""
    plan = planned(scenario, seed_of(share))
    return plan[: max(fewest, sum(one.at_s < seconds for one in plan))]


def seed_of(share: float) -> str:
    """The seed of the load that is so large a share of the throughput: the model draws the same studies."""
    return f"load {share:.2f}"


def play(site: CapacitySite, scenario: Scenario, plan: Sequence[PlannedStudy]) -> Played:
    """Send a plan of the scenario, and wait for all results."""
    peer = Destination(name="service", host=HOST, port=site.preread.dicom_port, ae_title="PREREAD")
    # A seed of its own for each run: UIDs that came before would be repetitions.
    simulation = Simulation(peer, scenario, secrets.token_hex(8), 1.0, Console(quiet=True))
    simulation.draw(plan)
    before = spent(site)
    told = simulation.send(plan)
    with closing(Ledger(site.ledger_url)) as ledger:
        seen = simulation.follow(told.tally, FromLedger(ledger), WAIT_S)
    return Played(tuple(plan), told.tally, seen, spent(site).since(before))


def _scenario(scanner: Scanner) -> Scenario:
    return Scenario(hours=1.0, scanners=(scanner,))
