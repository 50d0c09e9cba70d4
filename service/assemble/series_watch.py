"""What has come of each series of the studies that wait, and since when nothing more has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from service.storage.ledger.tables.instances import ReceivedSeries
from service.study.waiting import WaitingStudy


@dataclass(frozen=True, slots=True)
class WatchedSeries:
    """A series, and when it was seen first with this number of instances.

    The ledger does not say when an instance was entered, and when it was received tells nothing of those
    that still wait for the ledger: so the watch goes by what it sees. A new process begins every quiet period
    anew.
    """

    series: ReceivedSeries
    unchanged_since: datetime


@dataclass(slots=True)
class _Watched:
    instance_count: int = 0
    series: dict[str, WatchedSeries] = field(default_factory=dict)
    decided: frozenset[str] = frozenset()


class SeriesWatch:
    """Remembers the series of each study that waits, and which of them are settled."""

    def __init__(self) -> None:
        self._studies: dict[str, _Watched] = {}

    def changed(self, waiting: Sequence[WaitingStudy]) -> list[str]:
        """The studies of which something has come since the last look. What waits no more is forgotten."""
        now = {one.study.study_instance_uid: one.study.instance_count for one in waiting}
        self._studies = {uid: self._studies.get(uid, _Watched()) for uid in now}
        return [uid for uid, count in now.items() if self._studies[uid].instance_count != count]

    def saw(self, found: Iterable[ReceivedSeries], now: datetime) -> None:
        """Remember what has come of the changed studies' series."""
        counts: dict[str, int] = {}
        for one in found:
            study, series = one.newest.study_instance_uid, one.newest.series_instance_uid
            known = self._studies[study].series
            if series not in known or known[series].series.count != one.count:
                known[series] = WatchedSeries(one, now)
            counts[study] = counts.get(study, 0) + one.count
        for study, count in counts.items():
            self._studies[study].instance_count = count

    def series_of(self, study_instance_uid: str) -> list[WatchedSeries]:
        """The series of a study that waits."""
        return list(self._studies[study_instance_uid].series.values())

    def is_decided(self, study_instance_uid: str, complete: Iterable[str]) -> bool:
        """Whether nothing is to be done about these complete series any more."""
        return self._studies[study_instance_uid].decided.issuperset(complete)

    def decided(self, study_instance_uid: str, complete: Iterable[str]) -> None:
        """What these complete series lead to is settled."""
        self._studies[study_instance_uid].decided |= frozenset(complete)
