"""What became of the studies in the service, as its ledger or its worklist's API tells."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from service.cli.simulate.tally import SentStudy
from service.study.state import StudyState

ENDED = frozenset({StudyState.DELIVERED, StudyState.NOT_ANALYSED, StudyState.FAILED, StudyState.PARKED})
_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Seen:
    """A study as the service tells it; times by its clock."""

    state: StudyState
    instance_count: int
    history: tuple[tuple[datetime, StudyState], ...]

    def reached_at(self, state: StudyState) -> float | None:
        """When it came into a state last, in seconds since 1970."""
        times = [at for at, reached in self.history if reached is state]
        return times[-1].timestamp() if times else None


class Source(Protocol):
    """Where the service tells of its studies."""

    def seen(self, study_instance_uids: Iterable[str]) -> dict[str, Seen]:
        """Those of the studies that it knows."""
        ...


def followed(
    studies: Sequence[SentStudy],
    source: Source,
    wait_s: float,
    told: Callable[[int], None],
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Seen]:
    """Wait until every study that the peer has an image of has ended, `wait_s` seconds at most.

    `told` is called with how many have. What has not ended is returned as it stands.
    """
    open_ = {one.uid: one for one in studies if one.kept}
    seen: dict[str, Seen] = {}
    until_s = time.monotonic() + wait_s
    while open_:
        for uid, found in source.seen(list(open_)).items():
            seen[uid] = found
            if found.state in ENDED and found.instance_count >= open_[uid].kept:
                del open_[uid]
        told(len(seen) - len(open_.keys() & seen.keys()))
        if time.monotonic() >= until_s:
            break
        if open_:
            sleep(_POLL_S)
    return seen
