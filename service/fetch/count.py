"""How many instances of a study the PACS has: what a completeness rule with `count = "pacs"` asks."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from service.errors import PeerUnavailable
from service.fetch.port import Archive
from service.fetch.wanted import Wanted
from service.study.model import Study

REMEMBERED_S = 10.0
"""How long an answer is believed."""
AWAY_S = 30.0
"""How long a PACS that did not answer is left alone: else every waiting study would wait for it."""
_REMEMBERED_STUDIES = 1000


@dataclass(frozen=True, slots=True)
class _Answer:
    count: int | None
    until: float


class ArchiveCounter:
    """Counts the instances of a study that Preread would store, without its own results.

    `open_archive` gives an archive all of whose calls end at a deadline of `clock`, which counts seconds as
    `time.monotonic` does; `timeout_s` is how far that lies ahead. One thread uses it at a time.
    """

    def __init__(
        self,
        open_archive: Callable[[float], Archive],
        wanted: Wanted,
        timeout_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_archive = open_archive
        self._wanted = wanted
        self._timeout_s = timeout_s
        self._clock = clock
        self._answers: dict[str, _Answer] = {}
        self._away_until = float("-inf")
        self._away_reason = ""

    def count_in_pacs(self, study: Study) -> int | None:
        """None where the PACS does not know the study, or has nothing of it that we store.

        Raises PeerUnavailable where it does not answer in time; and at once, for some seconds after that.
        """
        uid = study.study_instance_uid
        now = self._clock()
        remembered = self._answers.get(uid)
        if remembered is not None and now < remembered.until:
            return remembered.count
        if now < self._away_until:
            raise PeerUnavailable(f"not asked again so soon: {self._away_reason}")
        count = self._ask(uid, now) or None
        if len(self._answers) >= _REMEMBERED_STUDIES:
            self._answers.clear()
        self._answers[uid] = _Answer(count, self._clock() + REMEMBERED_S)
        return count

    def _ask(self, study_uid: str, now: float) -> int:
        own_series = self._wanted.own_series(study_uid)
        try:
            found = self._open_archive(now + self._timeout_s).find_instances(study_uid, own_series)
        except PeerUnavailable as error:
            self._away_until = self._clock() + AWAY_S
            self._away_reason = str(error)
            raise
        return sum(map(self._wanted.is_storable, found))
