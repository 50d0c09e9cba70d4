"""The studies of many hospitals, from the scenarios of `preread simulate`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.cli.simulate.plan import PlannedStudy, planned
from service.cli.simulate.scenario import Scenario

ANALYSED = "US"
"""The modality that the shipped classifier reads. All others are received, and that is all."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A study of which the last image comes at `at_s`."""

    at_s: float
    images: int
    is_large: bool
    urgent: bool
    analysed: bool


def of_hospitals(scenario: Scenario, hospitals: int, seed: str) -> list[Arrival]:
    """The same scenario at each, each day drawn for itself, in order of time."""
    found = [
        one for number in range(hospitals) for one in of_plan(planned(scenario, f"{seed}/hospital {number}"))
    ]
    return sorted(found, key=lambda one: one.at_s)


def of_plan(plan: Sequence[PlannedStudy]) -> Iterator[Arrival]:
    """Misbehaviour is left out: the page says so."""
    for one in plan:
        kind = one.station.kind
        yield Arrival(
            at_s=one.at_s + (one.images - 1) * kind.between_images_s,
            images=one.images,
            is_large=kind.modality == "MG",
            urgent=one.urgent,
            analysed=kind.modality == ANALYSED,
        )
