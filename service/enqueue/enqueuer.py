"""Complete studies are routed: the rules say which classifiers run, and their requests go to the outbox."""

from collections.abc import Callable, Sequence

import structlog

from service.config import Rule
from service.enqueue.routing import Route, explain, route
from service.storage.each_study import each_study
from service.storage.ledger import Ledger, Transaction
from service.study.messages import InferenceRequest
from service.study.model import InstanceHeader, ReceivedInstance, Study
from service.study.state import StudyEvent, StudyState

log = structlog.get_logger()

ReadHeaders = Callable[[Sequence[ReceivedInstance]], Sequence[InstanceHeader]]
"""Reads the attributes that the rules ask for; instances whose header is unreadable are left out."""


class Enqueuer:
    """Applies the routing rules to assembled studies."""

    def __init__(self, ledger: Ledger, rules: Sequence[Rule], read_headers: ReadHeaders) -> None:
        self._ledger = ledger
        self._rules = rules
        self._read_headers = read_headers

    def enqueue_assembled(self) -> int:
        """Route every assembled study. Returns how many were queued or found to have nothing to analyse."""
        with self._ledger.read() as tx:
            assembled = tx.studies.in_state(StudyState.ASSEMBLED)
        return each_study(self._ledger, assembled, self._enqueue)

    def _enqueue(self, study: Study) -> bool:
        with self._ledger.read() as tx:
            instances = tx.instances.of_study(study.study_instance_uid)
        headers = self._read_headers(instances)
        found = route(headers, self._rules)
        with self._ledger.begin() as tx:
            now = tx.studies.lock(study.study_instance_uid)
            if (now.state, now.revision) != (StudyState.ASSEMBLED, study.revision):
                return False  # another process was faster, or a late image has reopened the study
            if found.classifiers:
                _queue(tx, study, found)
            else:
                reason = explain(headers, self._rules).reason
                tx.studies.move(study.study_instance_uid, StudyEvent.NOTHING_TO_ANALYSE, reason)
        log.info("study routed", study_instance_uid=study.study_instance_uid, rules=found.rules)
        return True


def _queue(tx: Transaction, study: Study, found: Route) -> None:
    uid, revision = study.study_instance_uid, study.revision
    for classifier, destinations in found.classifiers.items():
        tx.analyses.queue(uid, revision, classifier, destinations)
        assumed = found.assumed_body_parts.get(classifier, "")
        tx.outbox.add(InferenceRequest(uid, revision, classifier, found.priority, assumed))
    tx.studies.set_priority(uid, found.priority)
    classifiers = ", ".join(found.classifiers)
    tx.studies.move(uid, StudyEvent.WORK_QUEUED, f"waiting for {classifiers} (rule {', '.join(found.rules)})")
