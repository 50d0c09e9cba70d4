"""Which waiting studies are worth a look: those that something or the time may have changed."""

from collections.abc import Sequence
from datetime import datetime

from service.assemble.policy import Policy
from service.study.waiting import WaitingStudy


class Watch:
    """Remembers, for each study that waits, what its last decision was made from and how long it holds."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._earliest = min(policy.earliest for policy in policies)
        self._ceiling = min(policy.ceiling for policy in policies)
        self._decided: dict[str, tuple[tuple[object, ...], datetime]] = {}

    def due(self, waiting: Sequence[WaitingStudy], now: datetime) -> list[WaitingStudy]:
        """The studies of which a decision may differ from the last one. What waits no more is forgotten."""
        uids = {one.study.study_instance_uid for one in waiting}
        self._decided = {uid: decided for uid, decided in self._decided.items() if uid in uids}
        return [one for one in waiting if self._is_due(one, now)]

    def decided(self, waiting: WaitingStudy, again_at: datetime) -> None:
        """The study goes on waiting, at least until `again_at` unless something new comes."""
        self._decided[waiting.study.study_instance_uid] = (waiting.signs, again_at)

    def _is_due(self, waiting: WaitingStudy, now: datetime) -> bool:
        signs, again_at = self._decided.get(waiting.study.study_instance_uid, (None, now))
        if signs == waiting.signs:
            return now >= again_at
        # While images pour in, no rule can tell the study complete yet: its headers are read in a pause.
        return now >= min(waiting.last_sign_at + self._earliest, waiting.began_at + self._ceiling)
