"""What was sent and what was answered, counted by all scanners together."""

import threading
from collections import Counter
from dataclasses import dataclass, field

from service.cli.simulate.study import SimulatedStudy

SUCCESS = 0x0000
_WARNINGS = range(0xB000, 0xC000)
"""Stored all the same (PS3.4 B.2.3)."""
_WRONG_IMAGES = {"truncated": 1, "wrong_syntax": 1}
"""Images of a study that the peer need not keep, even where it took them."""


@dataclass(slots=True)
class SentStudy:
    """What became of a study at the scanner. Times are in seconds since 1970."""

    uid: str
    urgent: bool
    misbehaviour: str
    images: int
    acknowledged: int = 0
    last_acknowledged_at: float = 0.0
    given_up: int = 0

    @property
    def kept(self) -> int:
        """Images that the peer has at least, by its own answers."""
        return max(0, self.acknowledged - _WRONG_IMAGES.get(self.misbehaviour, 0))


@dataclass(slots=True)
class Tally:
    """Counts of a run. `answers_s`: from a dataset's last byte to its answer, in order of the answers."""

    studies: dict[str, SentStudy] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    associations: Counter[str] = field(default_factory=Counter)
    answers_s: list[float] = field(default_factory=list)
    images_acknowledged: int = 0
    images_repeated: int = 0
    sent_bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, study: SimulatedStudy) -> None:
        """A scanner begins to send a study, or one that it has sent."""
        planned = study.planned
        sent = SentStudy(study.uid, planned.urgent, planned.misbehaviour, len(study.names))
        with self._lock:
            self.studies.setdefault(study.uid, sent)

    def answered(
        self, study: SimulatedStudy, status: int, size_bytes: int, answer_s: float, at: float, is_repeat: bool
    ) -> None:
        """An image was answered."""
        with self._lock:
            self.statuses[status] += 1
            self.answers_s.append(answer_s)
            if not is_stored(status):
                return
            self.images_acknowledged += 1
            self.sent_bytes += size_bytes
            if is_repeat:
                self.images_repeated += 1
                return
            sent = self.studies[study.uid]
            sent.acknowledged += 1
            sent.last_acknowledged_at = max(sent.last_acknowledged_at, at)

    def association(self, outcome: str) -> None:
        """An association was `accepted`, `rejected`, `broken`, `aborted`, `released` or `dropped`."""
        with self._lock:
            self.associations[outcome] += 1

    def give_up(self, study: SimulatedStudy, images: int) -> None:
        """Images of a study are not tried again."""
        with self._lock:
            self.studies[study.uid].given_up += images


def is_stored(status: int) -> bool:
    """Whether the peer keeps the image."""
    return status == SUCCESS or status in _WARNINGS


def is_worth_another_try(status: int) -> bool:
    """Out of resources (PS3.4 B.2.3): the peer may have room later."""
    return status >> 8 == 0xA7  # noqa: PLR2004
