"""Each number of hospitals with each cost of the classifier: what is needed, and what it comes to."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.cli.simulate.scenario import load_scenario
from tests.capacity.model.flow import WORKERS, Flow, Outcome
from tests.capacity.model.inputs import Inputs
from tests.capacity.model.measured import Measured
from tests.capacity.model.sizing import (
    bottleneck,
    cores_needed,
    cost_per_study,
    fewest_workers,
    holds,
    utilisation,
)
from tests.capacity.model.workload import of_hospitals


@dataclass(frozen=True, slots=True)
class Size:
    """`workers`: the fewest that meet the objective without autoscaling. `scaled`: a day with autoscaling."""

    hospitals: int
    cost: float
    studies: int
    analysed: int
    workers: int | None
    scaled: Outcome
    scaled_holds: bool
    utilisation: Mapping[str, float]
    cores: Mapping[str, float]
    price: float
    peak_images_per_hour: float
    """That are analysed, in the busiest hour."""

    @property
    def bottleneck(self) -> str:
        """The stage that is busiest in its busiest hour, with the fewest workers."""
        return bottleneck(dict(self.utilisation))

    @property
    def peak_queue(self) -> int:
        """Studies that waited at the worst minute."""
        return max(one.waiting for one in self.scaled.samples)


def sizes(measured: Measured, inputs: Inputs) -> list[Size]:
    """All of them, the smallest first."""
    day = load_scenario()
    price = min(node.price_per_hour / node.cores for node in inputs.nodes)
    found = []
    for hospitals in inputs.hospitals:
        arrivals = of_hospitals(day, hospitals, inputs.seed)
        for cost in inputs.costs:
            sized = fewest_workers(arrivals, measured, inputs, cost)
            scaled = Flow(measured, inputs.deployment, autoscaling=inputs.autoscaling, cost=cost).run(
                arrivals
            )
            found.append(
                Size(
                    hospitals,
                    cost,
                    len(arrivals),
                    sum(one.analysed for one in arrivals),
                    sized.workers,
                    scaled,
                    holds(scaled, inputs.objective),
                    utilisation(sized.outcome, inputs.deployment, sized.workers or 1),
                    cores_needed(sized.outcome),
                    cost_per_study(scaled, inputs.deployment, price),
                    sized.outcome.busiest_hour_s(WORKERS) / (measured.infer_image_s * cost),
                )
            )
    return found
