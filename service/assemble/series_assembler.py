"""Series become complete while the rest of their study is still being received, and are handed on."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from service.assemble.facts import SeriesFacts, united
from service.assemble.headers import Headers
from service.assemble.series_finding import series_finding
from service.assemble.series_watch import SeriesWatch, WatchedSeries
from service.config import SeriesCompleteness
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.each_study import each_study
from service.study.model import Study, StudyHeader
from service.study.series import CompleteSeries
from service.study.waiting import WaitingStudy

HandOn = Callable[[Study, Sequence[CompleteSeries]], bool]
"""Takes all complete series of a study whenever there is one more.

Whether it is settled what they lead to; if not, they are handed on again at the next turn.
"""


class SeriesAssembler:
    """Looks at the series of studies that are being received. `clock` gives the present in UTC.

    Whatever it remembers can be lost: a complete series is then found complete again.
    """

    def __init__(
        self,
        ledger: Ledger,
        headers: Headers,
        settings: SeriesCompleteness,
        hand_on: HandOn,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._headers = headers
        self._settings = settings
        self._hand_on = hand_on
        self._watch = SeriesWatch()
        self._clock = clock

    def assemble_complete(self) -> int:
        """Hand on what is complete. Returns of how many studies it was settled."""
        now = self._clock()
        with self._ledger.read() as tx:
            waiting = {one.study.study_instance_uid: one for one in tx.receiving.waiting()}
            changed = self._watch.changed(list(waiting.values()))
            if changed:
                self._watch.saw(tx.instances.series_of(changed), now)
        return each_study(
            self._ledger,
            [one.study for one in waiting.values()],
            lambda study: self._assemble(waiting[study.study_instance_uid], now),
        )

    def _assemble(self, waiting: WaitingStudy, now: datetime) -> bool:
        uid = waiting.study.study_instance_uid
        complete = self._complete(waiting, now)
        uids = [one.series_instance_uid for one in complete]
        if self._watch.is_decided(uid, uids):
            return False
        self._describe(waiting.study)
        if not self._hand_on(waiting.study, complete):
            return False
        self._watch.decided(uid, uids)
        return True

    def _complete(self, waiting: WaitingStudy, now: datetime) -> list[CompleteSeries]:
        complete = []
        for watched in self._watch.series_of(waiting.study.study_instance_uid):
            facts = self._facts(waiting, watched)
            finding = series_finding(self._settings, facts, now)
            if finding.is_met:
                complete.append(CompleteSeries(facts.series_instance_uid, finding.text))
        return complete

    def _facts(self, waiting: WaitingStudy, watched: WatchedSeries) -> SeriesFacts:
        newest = watched.series.newest
        known = self._headers.facts_of(newest)
        return SeriesFacts(
            series_instance_uid=newest.series_instance_uid,
            count=watched.series.count,
            unchanged_since=watched.unchanged_since,
            announced_count=known.announced_in_series if known else None,
            is_released=waiting.released_at is not None and waiting.released_at >= newest.received_at,
        )

    def _describe(self, study: Study) -> None:
        """Say whose study it is, where nothing says it yet: an early result must not stand without a name."""
        if study.header != StudyHeader():
            return
        newest = [watched.series.newest for watched in self._watch.series_of(study.study_instance_uid)]
        known = [facts.study for one in newest if (facts := self._headers.facts_of(one))]
        with self._ledger.begin() as tx:
            tx.studies.describe(study.study_instance_uid, united(known))
