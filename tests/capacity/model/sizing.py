"""How much is needed: workers for an objective, and which stage is the narrowest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from service.cli.simulate.report import percentiles
from tests.capacity.model.flow import ACCEPT, HOUR_S, SEND, SERVERS, WORKERS, Flow, Outcome
from tests.capacity.model.inputs import Deployment, Inputs, Objective
from tests.capacity.model.measured import Measured
from tests.capacity.model.workload import Arrival

MOST_WORKERS = 1024
"""Of one core each."""
BUSY = 0.7
"""Share of a core's time that is planned for: above, lines grow fast."""


@dataclass(frozen=True, slots=True)
class Sized:
    """Workers that meet the objective all day, and the run with them; None where no number does."""

    workers: int | None
    outcome: Outcome


def holds(outcome: Outcome, objective: Objective) -> bool:
    """Whether enough studies were in time."""
    return _in_time(outcome.routine_s, objective.routine_s) >= objective.share and (
        _in_time(outcome.urgent_s, objective.urgent_s) >= objective.share
    )


def fewest_workers(
    arrivals: Sequence[Arrival], measured: Measured, inputs: Inputs, cost: float = 1.0
) -> Sized:
    """By doubling, then halving the interval, since more workers are never worse.

    It begins with as many as the busiest hour keeps busy: with half of them it could hardly be met.
    """

    def run(workers: int) -> Outcome:
        return Flow(measured, inputs.deployment, workers, cost=cost).run(arrivals)

    outcome = run(MOST_WORKERS)
    if not holds(outcome, inputs.objective):
        return Sized(None, outcome)
    many = max(1, math.floor(outcome.busiest_hour_s(WORKERS) / HOUR_S))
    few = many // 2
    while not holds(outcome := run(many), inputs.objective):
        few, many = many, many * 2
    while many - few > 1:
        middle = (few + many) // 2
        if holds(found := run(middle), inputs.objective):
            many, outcome = middle, found
        else:
            few = middle
    return Sized(many, outcome)


def utilisation(outcome: Outcome, deployment: Deployment, workers: int) -> dict[str, float]:
    """Of each stage in its busiest hour; above 1 it cannot keep up."""
    cores = {
        ACCEPT: deployment.accept_cores,
        WORKERS: workers,
        SEND: deployment.send_cores,
        SERVERS: deployment.server_cores,
    }
    return {stage: outcome.busiest_hour_s(stage) / HOUR_S / count for stage, count in cores.items()}


def bottleneck(found: dict[str, float]) -> str:
    """The stage that is busiest."""
    return max(found, key=lambda stage: found[stage])


def cores_needed(outcome: Outcome) -> dict[str, float]:
    """Cores of each stage with which its busiest hour keeps them busy for BUSY of the time."""
    return {
        stage: outcome.busiest_hour_s(stage) / HOUR_S / BUSY for stage in (ACCEPT, WORKERS, SEND, SERVERS)
    }


def cost_per_study(outcome: Outcome, deployment: Deployment, price_per_core_hour: float) -> float:
    """Of a day: cores that are always there, and workers while they are up, by the studies with a result."""
    fixed = deployment.accept_cores + deployment.send_cores + deployment.server_cores
    hours = outcome.samples[-1].at_s / HOUR_S
    return (fixed * hours + outcome.worker_hours) * price_per_core_hour / outcome.delivered


def told(latencies_s: Sequence[float]) -> dict[str, float]:
    """Percentiles of latencies."""
    return percentiles(latencies_s)


def _in_time(latencies_s: Sequence[float], limit_s: float) -> float:
    if not latencies_s:
        return 1.0
    return sum(one <= limit_s for one in latencies_s) / len(latencies_s)
