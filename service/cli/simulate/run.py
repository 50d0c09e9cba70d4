"""A simulation from its plan to its report: pictures drawn, studies sent, results awaited."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console

from service.cli.simulate.fleet import Fleet
from service.cli.simulate.follow import Seen, Source, followed
from service.cli.simulate.output import bar, live
from service.cli.simulate.plan import PlannedStudy
from service.cli.simulate.report import Told
from service.cli.simulate.scenario import Scenario
from service.cli.simulate.send import Sender
from service.cli.simulate.tally import Tally
from service.cli.simulate.template import Template, drawn
from service.config import Destination


@dataclass(slots=True)
class Simulation:
    """One run. `stop` ends it early; what was sent by then is reported all the same."""

    peer: Destination
    scenario: Scenario
    seed: str
    speed_up: float
    console: Console
    stop: threading.Event = field(default_factory=threading.Event)
    _templates: dict[str, list[Template]] = field(default_factory=dict)

    def draw(self, plan: Sequence[PlannedStudy]) -> None:
        """Draw the pictures of the plan, where that has not been done."""
        kinds = {one.station.kind.name: one.station.kind for one in plan}
        with self.console.status("drawing pictures"):
            for name, kind in kinds.items():
                if name not in self._templates:
                    self._templates[name] = drawn(kind)

    def send(self, plan: Sequence[PlannedStudy]) -> Told:
        """Send the plan, with pictures that are drawn before."""
        self.draw(plan)
        tally = Tally()
        sender = Sender(self.peer, self.scenario, self.speed_up, tally, self.stop)
        fleet = Fleet(sender, self.scenario, self._templates, self.seed)
        began_s = time.monotonic()
        with bar(self.console, "sending", len(plan), not self.console.is_terminal) as show:
            fleet.run(plan, lambda: show(len(tally.studies), live(tally)))
            show(len(tally.studies), live(tally))
        return Told(self.seed, self.speed_up, len(plan), time.monotonic() - began_s, tally, None)

    def follow(self, tally: Tally, source: Source, wait_s: float) -> dict[str, Seen]:
        """Wait for the results of what was sent."""
        studies = list(tally.studies.values())
        with bar(self.console, "results", len(studies), not self.console.is_terminal) as show:
            return followed(studies, source, 0.0 if self.stop.is_set() else wait_s, show)
