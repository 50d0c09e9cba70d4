"""Workers with two queues: urgent first, with the share for routine that the service gives it."""

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from service.enqueue.fairness import Turns

URGENT, ROUTINE = "urgent", "routine"


@dataclass(slots=True)
class Work:
    """One study that waits for a worker, or is with one. `done` comes when it is finished."""

    service_s: float
    done: simpy.Event
    came_at_s: float
    began_at_s: float = 0.0


@dataclass(slots=True)
class Pool:
    """`up` workers, each with one piece of work at a time. Workers that are to go finish theirs first."""

    env: simpy.Environment
    up: int = 0
    busy_s: float = 0.0
    up_s: float = 0.0
    queues: dict[str, deque[Work]] = field(default_factory=lambda: {URGENT: deque(), ROUTINE: deque()})
    _turns: Turns = field(default_factory=lambda: Turns((URGENT, ROUTINE)))
    _idle: list[simpy.Event] = field(default_factory=list)
    _to_go: int = 0
    _counted_at_s: float = 0.0

    def submit(self, queue: str, service_s: float) -> Work:
        """Put work into a queue."""
        work = Work(service_s, self.env.event(), self.env.now)
        self.queues[queue].append(work)
        self._wake()
        return work

    def waiting(self, queue: str) -> int:
        """How many wait that no worker has."""
        return len(self.queues[queue])

    def resize(self, workers: int) -> None:
        """Have so many workers, from now on or as soon as some have finished."""
        self.count_time()
        while self.up - self._to_go < workers:
            if self._to_go:
                self._to_go -= 1
            else:
                self.up += 1
                self.env.process(self._work())
        while self.up - self._to_go > workers:
            self._to_go += 1
            self._wake()

    def count_time(self) -> None:
        """Add the time since the last call to `up_s`."""
        self.up_s += self.up * (self.env.now - self._counted_at_s)
        self._counted_at_s = self.env.now

    def _wake(self) -> None:
        if self._idle:
            self._idle.pop().succeed()

    def _work(self) -> Generator[simpy.Event, Any, None]:
        while True:
            if self._to_go:
                self._to_go -= 1
                self.count_time()
                self.up -= 1
                return
            work = self._next()
            if work is None:
                idle = self.env.event()
                self._idle.append(idle)
                yield idle
                continue
            work.began_at_s = self.env.now
            yield self.env.timeout(work.service_s)
            self.busy_s += work.service_s
            work.done.succeed()

    def _next(self) -> Work | None:
        for name in self._turns.order():
            if self.queues[name]:
                self._turns.taken()
                return self.queues[name].popleft()
        return None
