"""Complete studies are routed: the rules say which classifiers run, and their requests go to the outbox."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import structlog

from service.config import Rule
from service.enqueue.priors_gate import PriorPolicy, PriorsGate
from service.enqueue.promotion import PromotedRules
from service.enqueue.queueing import CompanionsWanted, queue_analyses, reopen_waiting
from service.enqueue.routing import Route, explain, route
from service.enqueue.traced import tell_route
from service.enqueue.workitems import with_workitems
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.each_study import each_study
from service.study.model import InstanceHeader, ReceivedInstance, Study
from service.study.state import StudyEvent, StudyState

log = structlog.get_logger()

ReadHeader = Callable[[ReceivedInstance], InstanceHeader | None]
"""Reads the attributes that the rules ask for; None where the header cannot be read."""
EARLY_WAIT = timedelta(minutes=15)
"""How long a complete study waits for the early analysis of its series, so that no image is analysed twice.
One that takes longer was given up by everybody: the study no longer depends on it."""


class Enqueuer:
    """Applies the routing rules to assembled studies."""

    def __init__(
        self,
        ledger: Ledger,
        rules: Sequence[Rule],
        read_header: ReadHeader,
        priors: PriorsGate | None = None,
        companions: CompanionsWanted = MappingProxyType({}),
    ) -> None:
        self._ledger = ledger
        self._rules = PromotedRules(rules)
        self._read_header = read_header
        self._priors = priors or PriorsGate(ledger, PriorPolicy())
        self._companions = companions

    def enqueue_assembled(self) -> int:
        """Route every assembled study. Returns how many were queued or found to have nothing to analyse."""
        with self._ledger.read() as tx:
            assembled = tx.studies.in_state(StudyState.ASSEMBLED)
        return each_study(self._ledger, assembled, self._enqueue)

    def _enqueue(self, study: Study) -> bool:
        began_ns = time.time_ns()
        with self._ledger.read() as tx:
            in_work = tx.analyses.early_in_work(study.study_instance_uid, datetime.now(UTC) - EARLY_WAIT)
        if in_work:
            self._explain_wait(study, in_work)
            return False
        with self._ledger.read() as tx:
            instances = tx.instances.of_study(study.study_instance_uid)
            asked = tx.workitems.of_study(study.study_instance_uid)
            prior_of = "" if asked else self._priors.came_as_prior(tx, study.study_instance_uid, instances)
            rules = self._rules.now(tx)
        headers = [header for one in instances if (header := self._read_header(one))]
        found = Route() if prior_of else with_workitems(route(headers, rules), asked)
        if self._priors.holds(study, found):
            return False
        with self._ledger.begin() as tx:
            now = tx.studies.lock(study.study_instance_uid)
            if (now.state, now.revision) != (StudyState.ASSEMBLED, study.revision):
                return False  # another process was faster, or a late image has reopened the study
            if prior_of:
                reason = f"fetched as a prior of study {prior_of}; `preread retry` analyses it"
                tx.studies.move(study.study_instance_uid, StudyEvent.CAME_AS_PRIOR, reason)
            elif found.classifiers:
                queue_analyses(tx, now, found, self._companions)
                names = ", ".join(found.classifiers)
                changes = self._rules.told(found.classifiers)
                reason = f"waiting for {names} ({found.asked_by}{changes})"
                tx.studies.move(study.study_instance_uid, StudyEvent.WORK_QUEUED, reason)
            else:
                reason = explain(headers, rules).reason
                tx.studies.move(study.study_instance_uid, StudyEvent.NOTHING_TO_ANALYSE, reason)
            reopen_waiting(tx, now, self._companions)
        outcome = "prior" if prior_of else "queued" if found.classifiers else "nothing_to_analyse"
        tell_route(study, found, outcome, began_ns)
        log.info("study routed", study_instance_uid=study.study_instance_uid, rules=found.rules)
        return True

    def _explain_wait(self, study: Study, in_work: Sequence[str]) -> None:
        reason = f"complete; waiting for the early analysis by {', '.join(in_work)} to end"
        if study.reason != reason:
            with self._ledger.begin() as tx:
                tx.studies.explain(study.study_instance_uid, reason, StudyState.ASSEMBLED)
                tx.studies.note(study.study_instance_uid, "early_analysis_awaited", reason)
