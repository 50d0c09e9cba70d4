"""A study's way through the service, event by event (SimPy): seconds pass only in the model."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import simpy

from tests.capacity.model.inputs import Autoscaling, Deployment
from tests.capacity.model.measured import Measured
from tests.capacity.model.pool import ROUTINE, URGENT, Pool
from tests.capacity.model.scaler import Scaler
from tests.capacity.model.workload import Arrival

SAMPLE_S = 60.0
HOUR_S = 3600.0
ACCEPT, WORKERS, SEND, SERVERS = "accept", "workers", "send", "database and broker"


@dataclass(frozen=True, slots=True)
class Sample:
    """The model at a moment."""

    at_s: float
    waiting: int
    workers: int


@dataclass(slots=True)
class Outcome:
    """What came of a run. Latencies are from the last image to delivered, in the order of delivery."""

    routine_s: list[float] = field(default_factory=list)
    urgent_s: list[float] = field(default_factory=list)
    longest_wait_s: float = 0.0
    """For a worker, of any study: what a burst costs before autoscaling has caught up."""
    samples: list[Sample] = field(default_factory=list)
    work_by_hour_s: dict[str, dict[int, float]] = field(
        default_factory=lambda: {name: {} for name in (ACCEPT, WORKERS, SEND, SERVERS)}
    )
    """Processor seconds by stage and by the hour in which they were asked for."""
    worker_hours: float = 0.0
    pods_started: int = 0

    @property
    def delivered(self) -> int:
        """Studies with a result."""
        return len(self.routine_s) + len(self.urgent_s)

    def add_work(self, stage: str, at_s: float, seconds: float) -> None:
        """A stage is asked for work."""
        hours = self.work_by_hour_s[stage]
        hours[int(at_s // HOUR_S)] = hours.get(int(at_s // HOUR_S), 0.0) + seconds

    def busiest_hour_s(self, stage: str) -> float:
        """Processor seconds that the stage is asked for in its busiest hour."""
        return max(self.work_by_hour_s[stage].values(), default=0.0)


@dataclass(slots=True)
class Flow:
    """One run. Either `workers` is how many there are, or `autoscaling` says how they come and go.

    `cost`: how many times as much as the measured classifier the simulated one costs.
    """

    measured: Measured
    deployment: Deployment
    workers: int = 1
    autoscaling: Autoscaling | None = None
    cost: float = 1.0
    env: simpy.Environment = field(default_factory=simpy.Environment)
    outcome: Outcome = field(default_factory=Outcome)

    def run(self, arrivals: Sequence[Arrival]) -> Outcome:
        """Until the last study is delivered."""
        env, pool = self.env, Pool(self.env)
        accept = simpy.Resource(env, self.deployment.accept_cores)
        send = simpy.Resource(env, self.deployment.send_cores)
        scaler = None
        if self.autoscaling is None:
            pool.resize(self.workers)
        else:
            scaler = Scaler(env, pool, self.autoscaling)
            env.process(scaler.run())
        env.process(self._sample(pool))
        studies = [env.process(self._study(one, accept, pool, send)) for one in arrivals]
        env.run(until=env.all_of(studies))
        pool.count_time()
        self.outcome.worker_hours = pool.up_s / HOUR_S
        self.outcome.pods_started = scaler.started if scaler else 0
        return self.outcome

    def _study(
        self, study: Arrival, accept: simpy.Resource, pool: Pool, send: simpy.Resource
    ) -> Generator[simpy.Event, Any, None]:
        measured, env = self.measured, self.env
        yield env.timeout(study.at_s)
        image_s = measured.accept_large_image_s if study.is_large else measured.accept_image_s
        yield from self._occupy(accept, ACCEPT, image_s * study.images)
        yield env.timeout(self.deployment.complete_after_s + measured.assembled_delay_s)
        if not study.analysed:
            return
        self.outcome.add_work(SERVERS, env.now, measured.servers_study_s)
        yield env.timeout(measured.queued_delay_s)
        service_s = measured.infer_image_s * study.images * self.cost
        self.outcome.add_work(WORKERS, env.now, service_s)
        work = pool.submit(URGENT if study.urgent else ROUTINE, service_s)
        yield work.done
        self.outcome.longest_wait_s = max(self.outcome.longest_wait_s, work.began_at_s - work.came_at_s)
        yield env.timeout(measured.inferred_delay_s)
        yield from self._occupy(send, SEND, measured.send_image_s * study.images)
        yield env.timeout(measured.sent_delay_s)
        latencies_s = self.outcome.urgent_s if study.urgent else self.outcome.routine_s
        latencies_s.append(env.now - study.at_s)

    def _occupy(self, stage: simpy.Resource, name: str, seconds: float) -> Generator[simpy.Event, Any, None]:
        self.outcome.add_work(name, self.env.now, seconds)
        with stage.request() as place:
            yield place
            yield self.env.timeout(seconds)

    def _sample(self, pool: Pool) -> Generator[simpy.Event, Any, None]:
        while True:
            waiting = pool.waiting(URGENT) + pool.waiting(ROUTINE)
            self.outcome.samples.append(Sample(self.env.now, waiting, pool.up))
            yield self.env.timeout(SAMPLE_S)
