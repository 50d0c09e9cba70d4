"""KEDA and the autoscaler behind it: a look at the queues now and then, pods that take a while to start."""

import math
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from tests.capacity.model.inputs import Autoscaling
from tests.capacity.model.pool import ROUTINE, URGENT, Pool

SURGE = 4
"""Pods that may be added at one look, or as many as there are: the default of Kubernetes."""


@dataclass(slots=True)
class Scaler:
    """Keeps `pool` as the chart's ScaledObject would. `started` counts pods that were started."""

    env: simpy.Environment
    pool: Pool
    settings: Autoscaling
    started: int = 0
    _asked: int = 0
    _wanted: deque[tuple[float, int]] = field(default_factory=deque)

    def run(self) -> Generator[simpy.Event, Any, None]:
        """Look at the queues for ever; the fewest pods are there from the begin."""
        self._asked = self.settings.min_replicas
        self.pool.resize(self._asked)
        while True:
            yield self.env.timeout(self.settings.polling_s)
            self._scale()

    def _scale(self) -> None:
        per_pod = ((ROUTINE, self.settings.routine_per_pod), (URGENT, self.settings.urgent_per_pod))
        wanted = max(math.ceil(self.pool.waiting(queue) / count) for queue, count in per_pod)
        # Never less than the most that was wanted within the cooldown, so that pods do not come and go.
        self._wanted.append((self.env.now, wanted))
        while self._wanted[0][0] < self.env.now - self.settings.cooldown_s:
            self._wanted.popleft()
        steady = max(count for _, count in self._wanted)
        most = min(self.settings.max_replicas, self._asked + max(SURGE, self._asked))
        target = min(max(steady, self.settings.min_replicas), most)
        if target > self._asked:
            self.started += target - self._asked
            self.env.process(self._start(target - self._asked))
        elif target < self._asked:
            self.pool.resize(target)
        self._asked = target

    def _start(self, pods: int) -> Generator[simpy.Event, Any, None]:
        yield self.env.timeout(self.settings.pod_start_s)
        self.pool.resize(min(self._asked, self.pool.up + pods))
