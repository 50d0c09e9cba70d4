"""How far a build is, from what TensorRT reports of its phases."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Progress = Callable[[str, float], None]
"""Takes the phase's name and the share of the whole build that is done, 0 to 1; called from any thread."""


@dataclass(slots=True)
class _Phase:
    parent: str | None
    steps: int
    done: int = 0


class Phases:
    """Phases that contain phases, as one share that never falls."""

    def __init__(self, report: Progress) -> None:
        self._report = report
        self._running: dict[str, _Phase] = {}
        self._share = 0.0
        self._lock = threading.Lock()

    def start(self, name: str, parent: str | None, steps: int) -> None:
        """`name` begins, as part of the current step of `parent`."""
        with self._lock:
            self._running[name] = _Phase(parent, max(steps, 1))
            self._say(name)

    def step(self, name: str, step: int) -> None:
        """The step counted from 0 is complete."""
        with self._lock:
            if name in self._running:
                self._running[name].done = step + 1
                self._say(name)

    def finish(self, name: str) -> None:
        """`name` is over, perhaps before its last step."""
        with self._lock:
            self._running.pop(name, None)

    def _say(self, name: str) -> None:
        share, phase = 0.0, self._running.get(name)
        while phase is not None:
            share = min((phase.done + share) / phase.steps, 1.0)
            phase = self._running.get(phase.parent) if phase.parent is not None else None
        self._share = max(self._share, share)
        self._report(name, self._share)


def new_monitor(api: Any, report: Progress) -> Any:
    """What a flavour's `IBuilderConfig.progress_monitor` takes; keep it until the build is over."""
    phases = Phases(report)

    # Made here because the base class is known only after the import.
    class Monitor(api.IProgressMonitor):  # type: ignore[misc]
        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            phases.start(phase_name, parent_phase, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            phases.step(phase_name, step)
            return True  # False would stop the build

        def phase_finish(self, phase_name: str) -> None:
            phases.finish(phase_name)

    return Monitor()
