"""Who sends what and when: drawn from a seed before anything is sent, so that it can be had again."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.cli.simulate.scenario import HOURS, Misbehaviour, Scanner, Scenario

HOUR_S = 3600.0
GOOD = ""
"""The misbehaviour of a study that has none."""


@dataclass(frozen=True, slots=True)
class Station:
    """One scanner: the `number`th (from 1 on) of its kind."""

    kind: Scanner
    number: int

    @property
    def ae_title(self) -> str:
        """Calling AE title, at most 16 characters (PS3.5 6.2)."""
        if self.kind.count == 1:
            return self.kind.ae_title
        digits = str(self.number)
        return self.kind.ae_title[: 16 - len(digits)] + digits


@dataclass(frozen=True, slots=True)
class PlannedStudy:
    """A study that is sent `at_s` seconds after the scenario's begin. `number` is its own in the plan."""

    number: int
    at_s: float
    station: Station
    images: int
    urgent: bool
    misbehaviour: str


def planned(scenario: Scenario, seed: str) -> list[PlannedStudy]:
    """Every study, in order of time. The same scenario and seed give the same plan."""
    drawn: list[tuple[float, Station, int, bool, str]] = []
    for station in stations(scenario):
        # A generator for each scanner: one more scanner changes nothing of the others' day.
        rng = random.Random(f"{seed}/{station.kind.name}/{station.number}")
        drawn.extend(_of_station(rng, scenario, station))
    drawn.sort(key=lambda one: (one[0], one[1].ae_title))
    return [PlannedStudy(number, *one) for number, one in enumerate(drawn, start=1)]


def stations(scenario: Scenario) -> list[Station]:
    """Every scanner."""
    return [Station(kind, number) for kind in scenario.scanners for number in range(1, kind.count + 1)]


def _of_station(
    rng: random.Random, scenario: Scenario, station: Station
) -> Iterator[tuple[float, Station, int, bool, str]]:
    kind = station.kind
    for at_s in arrivals_s(rng, kind.studies_by_hour, scenario.begin_hour, scenario.hours):
        count = kind.bursts.studies if rng.random() < kind.bursts.share else 1
        for _ in range(count):
            wrong = _misbehaviour(rng, kind.misbehaviour)
            yield at_s, station, rng.randint(*kind.images), rng.random() < kind.urgent, wrong


def arrivals_s(
    rng: random.Random, by_hour: Sequence[float], begin_hour: float, hours: float
) -> Iterator[float]:
    """Seconds from the begin at which something happens that happens `by_hour` times an hour on average.

    A Poisson process whose rate is constant within each hour of the day, by thinning (Lewis, Shedler 1979).
    """
    highest = max(by_hour)
    if highest <= 0:
        return
    at_s = 0.0
    while (at_s := at_s + rng.expovariate(highest) * HOUR_S) < hours * HOUR_S:
        hour = math.floor(begin_hour + at_s / HOUR_S) % HOURS
        if rng.random() * highest < by_hour[hour]:
            yield at_s


def _misbehaviour(rng: random.Random, shares: Misbehaviour) -> str:
    left = rng.random()
    for name, share in shares.shares().items():
        if (left := left - share) < 0:
            return name
    return GOOD
