"""How one scanner sends a study, or what is left of it: with pauses, faults and further attempts."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from service.cli.simulate.link import Link
from service.cli.simulate.scenario import Scenario
from service.cli.simulate.study import SimulatedStudy
from service.cli.simulate.tally import Tally, is_stored, is_worth_another_try
from service.config import Destination
from service.errors import PeerRefused, PeerUnavailable

TIMEOUT_S = 60.0
"""Longest wait for an answer."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Images of a study, by their places, to be sent over one association."""

    study: SimulatedStudy
    indexes: tuple[int, ...]
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends errands to `peer`. Pauses of the scenario are divided by `speed_up`."""

    peer: Destination
    scenario: Scenario
    speed_up: float
    tally: Tally
    stop: threading.Event

    def send(self, errand: Errand) -> None:
        """Until everything is answered for good, the attempts are used up, or the simulation is stopped."""
        study = errand.study
        self.tally.begin(study)
        left = list(errand.indexes)
        aborts = study.planned.misbehaviour == "abort" and not errand.is_repeat
        for attempt in range(self.scenario.retries + 1):
            if attempt:
                self.stop.wait(self.scenario.retry_after_s / self.speed_up)
            if self.stop.is_set():
                break
            left = self._attempt(errand, left, abort_at=len(left) // 2 if aborts and not attempt else None)
            if not left:
                return
        self.tally.give_up(study, len(left))

    def _attempt(self, errand: Errand, indexes: Sequence[int], abort_at: int | None) -> list[int]:
        """One association; the images that are still to be sent."""
        left = list(indexes)
        contexts = [errand.study.templates[index].context for index in indexes]
        try:
            with Link(self.peer, errand.study.planned.station.ae_title, contexts, TIMEOUT_S) as link:
                self.tally.association("accepted")
                for place, index in enumerate(indexes):
                    if self._store(link, errand, index, place == abort_at):
                        left.remove(index)
                    if self.stop.wait(errand.study.planned.station.kind.between_images_s / self.speed_up):
                        break
                self._end(link, errand)
        except PeerRefused:
            self.tally.association("rejected")
        except PeerUnavailable:
            self.tally.association("broken" if abort_at is None else "aborted")
        return left

    def _store(self, link: Link, errand: Errand, index: int, stop_halfway: bool) -> bool:
        """Whether the image is done with: kept, or refused for good."""
        image = errand.study.image(index)
        status, answer_s = link.store(image, stop_halfway)
        self.tally.answered(errand.study, status, len(image.data), answer_s, time.time(), errand.is_repeat)
        return is_stored(status) or not is_worth_another_try(status)

    def _end(self, link: Link, errand: Errand) -> None:
        if errand.study.planned.misbehaviour == "no_release":
            link.drop()
            self.tally.association("dropped")
        else:
            link.release()
            self.tally.association("released")
