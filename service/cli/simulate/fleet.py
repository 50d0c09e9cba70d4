"""All scanners at once: each study at its time, each scanner on threads of its own."""

import heapq
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from service.cli.simulate.plan import PlannedStudy, Station
from service.cli.simulate.scenario import Scenario
from service.cli.simulate.send import Errand, Sender
from service.cli.simulate.study import simulated
from service.cli.simulate.template import Template

_LOOK_S = 0.2
Told = Callable[[], None]


@dataclass(order=True, slots=True)
class _Due:
    at_s: float
    order: int
    errand: Errand = field(compare=False)


class Fleet:
    """Sends a plan. `templates` are by the name of the kind of scanner.

    `failure` is what ended a scanner's thread unexpectedly; `run` raises it.
    """

    def __init__(
        self, sender: Sender, scenario: Scenario, templates: Mapping[str, Sequence[Template]], seed: str
    ) -> None:
        self._sender = sender
        self._scenario = scenario
        self._templates = templates
        self._seed = seed
        self._queues: dict[Station, queue.SimpleQueue[Errand | None]] = {}
        self._threads: list[threading.Thread] = []
        self._due: list[_Due] = []
        self._changed = threading.Condition()
        self._in_hand = 0
        self._orders = 0
        self._failure: Exception | None = None

    def run(self, plan: Sequence[PlannedStudy], told: Told = lambda: None) -> None:
        """Send it, until all is sent or the sender is told to stop. `told` is called now and then."""
        began_s = time.monotonic()
        waiting = iter(plan)
        following = next(waiting, None)
        try:
            while self._failure is None and not self._sender.stop.is_set():
                elapsed_s = (time.monotonic() - began_s) * self._sender.speed_up
                while following is not None and following.at_s <= elapsed_s:
                    self._hand_out(self._first_errand(following))
                    following = next(waiting, None)
                if self._hand_out_due() or following is not None or self._is_busy():
                    told()
                    self._wait(began_s, following)
                else:
                    break
        finally:
            self._end()
        if self._failure is not None:
            raise self._failure

    def _first_errand(self, planned: PlannedStudy) -> Errand:
        study = simulated(planned, self._templates[planned.station.kind.name], self._seed)
        everything = tuple(range(planned.images))
        if planned.misbehaviour == "late" and planned.images > 1:
            return Errand(study, everything[:-1])
        return Errand(study, everything)

    def _wait(self, began_s: float, following: PlannedStudy | None) -> None:
        """Until something may be due."""
        due_s = [] if following is None else [began_s + following.at_s / self._sender.speed_up]
        with self._changed:
            due_s += [self._due[0].at_s] if self._due else []
            pause_s = min([one - time.monotonic() for one in due_s], default=_LOOK_S)
            self._changed.wait(min(max(pause_s, 0.0), _LOOK_S))

    def _hand_out_due(self) -> bool:
        """Whether something is still to come."""
        while True:
            with self._changed:
                if not self._due or self._due[0].at_s > time.monotonic():
                    return bool(self._due)
                one = heapq.heappop(self._due)
            self._hand_out(one.errand)

    def _hand_out(self, errand: Errand) -> None:
        station = errand.study.planned.station
        if station not in self._queues:
            self._queues[station] = queue.SimpleQueue()
            for _ in range(station.kind.associations):
                thread = threading.Thread(target=self._work, args=(self._queues[station],), daemon=True)
                self._threads.append(thread)
                thread.start()
        with self._changed:
            self._in_hand += 1
        self._queues[station].put(errand)

    def _is_busy(self) -> bool:
        with self._changed:
            return bool(self._in_hand or self._due)

    def _work(self, errands: "queue.SimpleQueue[Errand | None]") -> None:
        while (errand := errands.get()) is not None:
            try:
                self._sender.send(errand)
                self._plan_more(errand)
            except Exception as error:  # the thread's outermost edge: `run` raises it
                self._failure = error
            with self._changed:
                self._in_hand -= 1
                self._changed.notify_all()

    def _plan_more(self, errand: Errand) -> None:
        """The late image, or the repetition, of a study that was sent for the first time."""
        planned, count = errand.study.planned, errand.study.planned.images
        if len(errand.indexes) < count and errand.indexes[0] == 0:
            self._later(Errand(errand.study, (count - 1,)), self._scenario.late_after_s)
        elif planned.misbehaviour == "repeat" and not errand.is_repeat:
            self._later(Errand(errand.study, errand.indexes, is_repeat=True), self._scenario.repeat_after_s)

    def _later(self, errand: Errand, after_s: float) -> None:
        with self._changed:
            self._orders += 1
            at_s = time.monotonic() + after_s / self._sender.speed_up
            heapq.heappush(self._due, _Due(at_s, self._orders, errand))

    def _end(self) -> None:
        """Let every thread finish what it has in hand. A stopped sender drops the rest quickly."""
        for errands in self._queues.values():
            for _ in self._threads:
                errands.put(None)
        for thread in self._threads:
            thread.join()
