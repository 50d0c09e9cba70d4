"""Complete series are routed while their study is still being received: an early analysis."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import structlog

from service.config import Rule
from service.enqueue.enqueuer import EARLY_WAIT, ReadHeader
from service.enqueue.promotion import PromotedRules
from service.enqueue.queueing import CompanionsWanted, queue_analyses
from service.enqueue.routing import Route, route
from service.enqueue.traced import tell_route
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.analyses import Analysis
from service.study.model import ReceivedInstance, Study
from service.study.series import CompleteSeries
from service.study.state import StudyEvent, StudyState

log = structlog.get_logger()


class SeriesEnqueuer:
    """Applies the routing rules that have `level = "series"` to complete series."""

    def __init__(
        self,
        ledger: Ledger,
        rules: Sequence[Rule],
        read_header: ReadHeader,
        companions: CompanionsWanted = MappingProxyType({}),
    ) -> None:
        self._ledger = ledger
        self._rules = PromotedRules([rule for rule in rules if rule.level == "series"])
        self._read_header = read_header
        self._companions = companions

    def enqueue(self, study: Study, complete: Sequence[CompleteSeries]) -> bool:
        """Queue an early analysis by each classifier that one of the complete series is new to.

        It reads all of them, and what the classifier has read before: its report replaces the one before, and
        must not say less. False while an early analysis of the study is in work: the next one builds on it.
        """
        uid, began_ns = study.study_instance_uid, time.time_ns()
        with self._ledger.read() as tx:
            if tx.priors.prior_of(uid):
                return True
            if tx.analyses.early_in_work(uid, datetime.now(UTC) - EARLY_WAIT):
                return False
            instances = tx.instances.of_study(uid)
            before = tx.analyses.of_studies([uid])
            rules = self._rules.now(tx)
        found = _unread(self._route(instances, complete, rules), before, instances)
        if not found.classifiers:
            return True
        with self._ledger.begin() as tx:
            now = tx.studies.lock(uid)
            if (now.state, now.revision) != (StudyState.RECEIVED, study.revision):
                return False  # another process was faster, or the study is complete
            queue_analyses(tx, now, found, self._companions, early=True)
            tx.studies.move(uid, StudyEvent.SERIES_COMPLETE, _reason(study, complete, found))
        tell_route(study, found, "early", began_ns)
        log.info("series routed", study_instance_uid=uid, rules=found.rules)
        return True

    def _route(
        self,
        instances: Sequence[ReceivedInstance],
        complete: Sequence[CompleteSeries],
        rules: Sequence[Rule],
    ) -> Route:
        uids = {series.series_instance_uid for series in complete}
        of_series = (one for one in instances if one.series_instance_uid in uids)
        return route([header for one in of_series if (header := self._read_header(one))], rules)


def _unread(found: Route, before: Sequence[Analysis], instances: Sequence[ReceivedInstance]) -> Route:
    """The route of the classifiers that a series is new to, each with all that it has to read."""
    series_of = {one.sop_instance_uid: one.series_instance_uid for one in instances}
    series: dict[str, tuple[str, ...]] = {}
    for classifier, matching in found.series.items():
        own = [analysis for analysis in before if analysis.classifier == classifier]
        read = _read_before(own, series_of)
        given = {uid for analysis in own for uid in analysis.series_instance_uids}
        if not (read | given).issuperset(matching):
            series[classifier] = tuple(sorted(read.union(matching)))
    classifiers = {name: found.classifiers[name] for name in found.classifiers if name in series}
    return replace(found, classifiers=classifiers, series=series)


def _read_before(analyses: Sequence[Analysis], series_of: dict[str, str]) -> set[str]:
    """The series of the images in the last result that has scores."""
    results = [analysis.result for analysis in analyses if analysis.result and analysis.result.scores]
    if not results:
        return set()
    last = results[-1]
    images = [one.sop_instance_uid for one in last.scores] + [one.sop_instance_uid for one in last.refusals]
    return {series_of[uid] for uid in images if uid in series_of}


def _reason(study: Study, complete: Sequence[CompleteSeries], found: Route) -> str:
    read = {uid for uids in found.series.values() for uid in uids}
    reasons = "; ".join(dict.fromkeys(one.reason for one in complete if one.series_instance_uid in read))
    return (
        f"series complete: {reasons}. Early analysis by {', '.join(found.classifiers)} as revision "
        f"{study.revision} (rule {', '.join(found.rules)}); the study is still being received"
    )
