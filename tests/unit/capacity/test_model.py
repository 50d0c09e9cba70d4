"""The model against exact answers, and what autoscaling, urgency and cost do to it."""

import random
from collections.abc import Iterator
from dataclasses import replace
from statistics import mean
from typing import Any

import pytest
import simpy

from service.cli.simulate.scenario import load_scenario
from tests.capacity.model.flow import ACCEPT, SEND, WORKERS, Flow, Outcome
from tests.capacity.model.formulas import md1_wait_s, mmc_wait_s, waits_s
from tests.capacity.model.inputs import Deployment, Inputs, load_inputs
from tests.capacity.model.measured import Measured
from tests.capacity.model.pool import ROUTINE, URGENT, Pool, Work
from tests.capacity.model.sizing import bottleneck, cost_per_study, fewest_workers, holds, utilisation
from tests.capacity.model.workload import Arrival, of_hospitals

SERVICE_S = 2.0
NOTHING = Measured(0, 0, 0, 0, 0, 0, 0, 0, 0)
SIMPLE = replace(NOTHING, infer_image_s=1.0)
DEPLOYMENT = Deployment(complete_after_s=0, accept_cores=1, send_cores=1, server_cores=1)


def pool_waits_s(gaps_s: list[float], services_s: list[float], servers: int) -> list[float]:
    """Waits in a pool that is given this work."""
    env = simpy.Environment()
    pool, works = Pool(env), list[Work]()
    pool.resize(servers)

    def feed() -> Iterator[Any]:
        for gap_s, service_s in zip(gaps_s, services_s, strict=True):
            yield env.timeout(gap_s)
            works.append(pool.submit(ROUTINE, service_s))

    env.process(feed())
    env.run()
    return [one.began_at_s - one.came_at_s for one in works]


@pytest.mark.parametrize("servers", [1, 3, 10])
def test_pool_serves_as_one_line_before_several_servers(servers: int) -> None:
    rng = random.Random(servers)
    gaps_s = [rng.expovariate(0.9 * servers / SERVICE_S) for _ in range(3000)]
    services_s = [rng.expovariate(1 / SERVICE_S) for _ in gaps_s]
    assert pool_waits_s(gaps_s, services_s, servers) == pytest.approx(waits_s(gaps_s, services_s, servers))


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (1, 0.8), (3, 0.7), (10, 0.85)])
def test_such_a_line_waits_as_in_m_m_c(servers: int, load: float) -> None:
    rng, rate = random.Random(5), load * servers / SERVICE_S
    gaps_s = [rng.expovariate(rate) for _ in range(600_000)]
    services_s = (rng.expovariate(1 / SERVICE_S) for _ in gaps_s)
    assert mean(waits_s(gaps_s, services_s, servers)) == pytest.approx(
        mmc_wait_s(rate, SERVICE_S, servers), rel=0.1
    )


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_pool_with_constant_service_waits_as_in_m_d_1(load: float) -> None:
    rng = random.Random(7)
    gaps_s = [rng.expovariate(load / SERVICE_S) for _ in range(40_000)]
    found = mean(pool_waits_s(gaps_s, [SERVICE_S] * len(gaps_s), 1))
    assert found == pytest.approx(md1_wait_s(load / SERVICE_S, SERVICE_S), rel=0.06)


def test_formulas_have_their_known_values() -> None:
    assert mmc_wait_s(0.5, 1.0, 1) == pytest.approx(1.0)  # M/M/1: load * service / (1 - load)
    assert md1_wait_s(0.5, 1.0) == pytest.approx(0.5)  # half of it
    assert mmc_wait_s(2.0, 1.0, 3) == pytest.approx(4 / 9)


def arrivals(count: int, gap_s: float, **values: Any) -> list[Arrival]:
    defaults: dict[str, Any] = {"images": 4, "is_large": False, "urgent": False, "analysed": True}
    return [Arrival(at_s=number * gap_s, **defaults | values) for number in range(count)]


def run(studies: list[Arrival], workers: int = 1, measured: Measured = SIMPLE, **values: Any) -> Outcome:
    return Flow(measured, DEPLOYMENT, workers, **values).run(studies)


def test_lone_study_takes_its_work_and_all_delays() -> None:
    measured = Measured(0.1, 9, 1, 0.5, 9, 0.3, 0.05, 0.02, 2)
    deployment = DEPLOYMENT.model_copy(update={"complete_after_s": 60})
    outcome = Flow(measured, deployment).run(arrivals(1, 1))
    assert outcome.routine_s == [pytest.approx(0.4 + 60 + 0.3 + 0.05 + 4 + 0.02 + 2 + 2)]


def test_study_that_no_classifier_reads_is_only_received() -> None:
    outcome = run(
        arrivals(3, 1, analysed=False, is_large=True), measured=replace(SIMPLE, accept_large_image_s=2)
    )
    assert outcome.delivered == 0
    assert outcome.busiest_hour_s(ACCEPT) == 3 * 4 * 2
    assert outcome.busiest_hour_s(WORKERS) == 0


def test_urgent_studies_overtake_routine_ones_which_do_not_starve() -> None:
    routine, urgent = arrivals(50, 0.0), arrivals(50, 0.0, urgent=True)
    outcome = run(sorted(routine + urgent, key=lambda one: not one.urgent))
    assert mean(outcome.urgent_s) < mean(outcome.routine_s)
    assert min(outcome.routine_s) < max(outcome.urgent_s)


def test_costlier_classifier_takes_so_many_times_as_long() -> None:
    assert run(arrivals(1, 1), cost=10.0).routine_s == [40.0]


def test_autoscaling_reacts_after_polling_and_starting_and_goes_back_after_the_cooldown() -> None:
    settings = load_inputs().autoscaling.model_copy(
        update={
            "min_replicas": 1,
            "routine_per_pod": 10,
            "polling_s": 15,
            "pod_start_s": 60,
            "cooldown_s": 300,
        }
    )
    burst = arrivals(100, 0.0) + [replace(one, at_s=7200.0) for one in arrivals(1, 1)]
    outcome = run(burst, autoscaling=settings)
    workers = {int(one.at_s): one.workers for one in outcome.samples}
    assert workers[60] == 1
    assert workers[120] > 4
    assert workers[7140] == 1
    assert outcome.pods_started >= 5
    assert max(outcome.routine_s) < max(run(burst).routine_s)
    assert outcome.longest_wait_s == max(outcome.routine_s) - 4


def test_no_more_pods_than_allowed() -> None:
    settings = load_inputs().autoscaling.model_copy(update={"max_replicas": 3, "routine_per_pod": 1})
    outcome = run(arrivals(200, 0.0), autoscaling=settings)
    assert max(one.workers for one in outcome.samples) == 3


def inputs(**values: Any) -> Inputs:
    return load_inputs().model_copy(update={"deployment": DEPLOYMENT} | values)


def test_fewest_workers_meet_the_objective_and_one_less_does_not() -> None:
    wanted, busy = inputs(), arrivals(600, 1.5)
    sized = fewest_workers(busy, SIMPLE, wanted)
    assert sized.workers is not None
    assert sized.workers >= 2
    assert holds(run(busy, sized.workers), wanted.objective)
    assert not holds(run(busy, sized.workers - 1), wanted.objective)


def test_objective_that_no_number_of_workers_meets_is_told_as_such() -> None:
    slow = DEPLOYMENT.model_copy(update={"complete_after_s": 400})
    assert fewest_workers(arrivals(1, 1), SIMPLE, inputs(deployment=slow)).workers is None


def test_bottleneck_is_the_busiest_stage() -> None:
    measured = replace(SIMPLE, send_image_s=3.0)
    found = utilisation(run(arrivals(10, 60), measured=measured), DEPLOYMENT, 1)
    assert bottleneck(found) == SEND
    assert found[SEND] == pytest.approx(3 * found[WORKERS])


def test_cost_counts_workers_while_they_are_up() -> None:
    day = arrivals(241, 360.0)
    one, two = (cost_per_study(run(day, workers), DEPLOYMENT, 1.0) for workers in (1, 2))
    assert one == pytest.approx(4 * 24 / 241, rel=0.01)
    assert two == pytest.approx(5 * 24 / 241, rel=0.01)


def test_ten_hospitals_send_ten_times_as_much_each_in_its_own_way() -> None:
    day = load_scenario()
    one, ten = of_hospitals(day, 1, "1"), of_hospitals(day, 10, "1")
    assert len(ten) == pytest.approx(10 * len(one), rel=0.2)
    assert len({arrival.at_s for arrival in ten}) > 0.5 * len(ten)
    assert {arrival.analysed for arrival in ten} == {True, False}
    assert [one.at_s for one in ten] == sorted(one.at_s for one in ten)


def test_pool_counts_the_time_of_its_workers() -> None:
    env = simpy.Environment()
    pool = Pool(env)
    pool.resize(3)
    pool.submit(URGENT, 5.0)
    env.run(until=10)
    pool.resize(1)
    env.run(until=20)
    pool.count_time()
    assert (pool.up, pool.up_s, pool.busy_s) == (1, 40.0, 5.0)
