"""The model beside what was measured: the same arrivals, study for study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.cli.simulate.plan import planned
from service.cli.simulate.report import percentiles
from tests.benchmarks.harness.results import Result
from tests.capacity.measure.load import seed_of, ultrasound
from tests.capacity.measure.machine import MACHINE
from tests.capacity.measure.site import QUIET_PERIOD_S
from tests.capacity.model.flow import Flow
from tests.capacity.model.inputs import Deployment
from tests.capacity.model.measured import Measured, loads
from tests.capacity.model.workload import of_plan


@dataclass(frozen=True, slots=True)
class Compared:
    """Percentiles of last image to delivered, in seconds, by name."""

    share: float
    measured: Mapping[str, float]
    simulated: Mapping[str, float]


def compared(results: Sequence[Result], set_up: str) -> list[Compared]:
    """For each load that was offered. The delays of the model are from the lowest of them."""
    values = {one.measure: one.value for one in results if one.value is not None}
    measured = Measured.of(results, set_up, one_core_for_the_rest=True)
    rest = max(1, round(values[f"{MACHINE}: cores"]) - 1)
    deployment = Deployment(complete_after_s=QUIET_PERIOD_S, accept_cores=1, send_cores=rest, server_cores=1)
    found = []
    for share in loads(results, set_up):
        name = f"{set_up}: load {share:.2f}"
        plan = planned(ultrasound(values[f"{name}: offered"]), seed_of(share))
        arrivals = list(of_plan(plan[: round(values[f"{name}: studies"])]))
        outcome = Flow(measured, deployment).run(arrivals)
        simulated = percentiles([*outcome.routine_s, *outcome.urgent_s])
        told = {
            what: values[f"{name}: last image to delivered: {what}"] for what in ("p50", "p95", "p99", "max")
        }
        found.append(Compared(share, told, simulated))
    return found
