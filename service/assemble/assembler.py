"""Studies become complete by the completeness rules, by the quiet period or at the ceiling, and move on."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from service.assemble.decision import Decision, Outcome, decide
from service.assemble.facts import StudyFacts, united
from service.assemble.headers import Headers
from service.assemble.policy import Policy, policies, policy_for
from service.assemble.port import PacsCounter
from service.assemble.watch import Watch
from service.config import AssembleSettings
from service.errors import ConfigurationError, PeerUnavailable
from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.steps.each_study import each_study
from service.study.model import Study
from service.study.state import StudyEvent, StudyState
from service.study.waiting import WaitingStudy
from service.telemetry.traces.spans import ASSEMBLE, modality_of
from service.telemetry.traces.tracing import TRACES

log = structlog.get_logger()

PACS_INTERVAL = timedelta(seconds=30)
"""How long an answer of the PACS is believed. A modality that fills it needs minutes for a study."""
CLOCKS_DIFFER = timedelta(seconds=60)
"""Clocks of several machines differ by less. Moments further ahead are from before it was set back."""
NOT_DECODED = (
    "some text is not in the character set that the images declare, and shows replacement characters: if the "
    "sender uses another one, set character_set for it in accept.peers"
)
EVENTS = {
    Outcome.COMPLETE: StudyEvent.STUDY_COMPLETE,
    Outcome.PROCESS_AT_CEILING: StudyEvent.CEILING_REACHED,
    Outcome.PARK: StudyEvent.PARKED,
}


class Assembler:
    """Looks at studies that are being received.

    `headers` read the keywords that the completeness rules look at. `clock` gives the present in UTC. Raises
    ConfigurationError when a rule counts in the PACS and there is no `pacs` to ask.
    """

    def __init__(
        self,
        ledger: Ledger,
        headers: Headers,
        settings: AssembleSettings,
        pacs: PacsCounter | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._policies = policies(settings)
        self._headers = headers
        self._watch = Watch(self._policies)
        self._pacs = pacs
        self._clock = clock
        if pacs is None and any(rule.count == "pacs" for rule in settings.completeness):
            raise ConfigurationError(
                "a completeness rule has count = pacs, and no PACS is there to ask: add one to [[sources]], "
                "or take count = announced"
            )

    def assemble_complete(self) -> int:
        """Move every study on that is complete or has reached its ceiling. Returns how many."""
        now = self._clock()
        waiting = self._waiting(now)
        due = {one.study.study_instance_uid: one for one in self._watch.due(waiting, now)}
        return each_study(
            self._ledger,
            [one.study for one in due.values()],
            lambda study: self._assemble(due[study.study_instance_uid], now),
        )

    def _waiting(self, now: datetime) -> list[WaitingStudy]:
        with self._ledger.read() as tx:
            waiting = tx.receiving.waiting()
        if all(one.last_sign_at <= now + CLOCKS_DIFFER for one in waiting):
            return waiting
        log.warning("the clock was set back; studies that wait go on waiting from now on")
        with self._ledger.begin() as tx:
            tx.receiving.clock_went_back(now)
            return tx.receiving.waiting()

    def _assemble(self, waiting: WaitingStudy, now: datetime) -> bool:
        began_ns = time.time_ns()
        facts = self._facts(waiting)
        if len(facts.received) != waiting.study.instance_count:
            return False  # an image came since the list was made
        policy = policy_for(self._policies, [instance.header for instance in facts.instances])
        decision = self._decide(policy, facts, now)
        if decision.outcome is Outcome.WAIT:
            self._explain(facts, decision)
            self._watch.decided(waiting, decision.again_at)
            return False
        return self._conclude(facts, decision, began_ns)

    def _facts(self, waiting: WaitingStudy) -> StudyFacts:
        with self._ledger.read() as tx:
            instances = tx.instances.of_study(waiting.study.study_instance_uid)
            steps = tx.procedure_steps.of_study(waiting.study.study_instance_uid)
        known = map(self._headers.facts_of, instances)
        return StudyFacts(
            waiting=waiting,
            received=frozenset(instance.sop_instance_uid for instance in instances),
            instances=tuple(one for one in known if one is not None),
            steps=tuple(steps),
        )

    def _decide(self, policy: Policy, facts: StudyFacts, now: datetime) -> Decision:
        if policy.rule.count != "pacs" or now < facts.waiting.last_sign_at + policy.settling:
            return decide(policy, facts, now)
        counted = self._count_in_pacs(facts.waiting.study)
        decision = decide(policy, replace(facts, count_in_pacs=counted), now)
        return replace(decision, again_at=min(decision.again_at, now + PACS_INTERVAL))

    def _count_in_pacs(self, study: Study) -> int | None:
        try:
            return self._pacs.count_in_pacs(study) if self._pacs else None
        except PeerUnavailable:
            log.warning(
                "PACS does not say how many images it has", study_instance_uid=study.study_instance_uid
            )
            return None

    def _explain(self, facts: StudyFacts, decision: Decision) -> None:
        study = facts.waiting.study
        header = united(instance.study for instance in facts.instances)
        if (study.reason, study.header) == (decision.reason, header):
            return
        with self._ledger.begin() as tx:
            if _is_as_it_was(tx, study):
                tx.studies.describe(study.study_instance_uid, header)
                tx.studies.explain(study.study_instance_uid, decision.reason)

    def _conclude(self, facts: StudyFacts, decision: Decision, began_ns: int) -> bool:
        study = facts.waiting.study
        with self._ledger.begin() as tx:
            if not _is_as_it_was(tx, study):
                return False  # an image came while it was decided
            header = united(instance.study for instance in facts.instances)
            tx.studies.describe(study.study_instance_uid, header)
            tx.studies.move(study.study_instance_uid, EVENTS[decision.outcome], decision.reason)
            if not header.is_decoded:
                tx.studies.note(study.study_instance_uid, "text_not_decoded", NOT_DECODED)
        TRACES.tell(
            ASSEMBLE,
            study.study_instance_uid,
            study.revision,
            began_ns,
            outcome=decision.outcome.name.lower(),
            instances=study.instance_count,
            modality=modality_of(header.modalities),
        )
        log.info(
            "study parked" if decision.outcome is Outcome.PARK else "study assembled",
            study_instance_uid=study.study_instance_uid,
            instances=study.instance_count,
        )
        return True


def _is_as_it_was(tx: Transaction, study: Study) -> bool:
    now = tx.studies.lock(study.study_instance_uid)
    # The count alone does not tell: an image may have been replaced by other content under its UID.
    return (now.state, now.revision, now.instance_count, now.updated_at) == (
        StudyState.RECEIVED,
        study.revision,
        study.instance_count,
        study.updated_at,
    )
