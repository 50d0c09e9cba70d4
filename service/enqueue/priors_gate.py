"""Studies wait for the priors that are asked for, for a bounded time; studies that are priors stop here."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from service.enqueue.routing import Route
from service.storage.ledger.ledger import Ledger, Transaction
from service.study.model import ReceivedInstance, Study
from service.study.prior import PriorFetch, PriorFetchState, PriorsWanted
from service.study.state import StudyState

ASKED, ENDED = "priors_asked", "priors_ended"
"""Events of a study's history that move no state."""


@dataclass(frozen=True, slots=True)
class PriorPolicy:
    """What rules and classifiers, by name, ask for; from where, and how long a study waits for it.

    `source` is empty where there is none. `brought_by` holds the calling AE titles under which priors come:
    a study that others have sent images of is one of its own. `analyse`: priors are studies like any other.
    """

    of_rules: Mapping[str, PriorsWanted] = field(default_factory=dict)
    of_classifiers: Mapping[str, PriorsWanted] = field(default_factory=dict)
    source: str = ""
    timeout_s: float = 120.0
    brought_by: Collection[str] = ()
    analyse: bool = False

    def wanted(self, found: Route) -> PriorsWanted | None:
        """What is asked for on a route; None where nothing is."""
        by_rule = [self.of_rules[name] for name in found.rules if name in self.of_rules]
        by_classifier = [
            self.of_classifiers[name] for name in found.classifiers if name in self.of_classifiers
        ]
        return PriorsWanted.united([*by_rule, *by_classifier])


class PriorsGate:
    """Decides from the ledger alone, so that nothing that happens to who fetches can hold a study up."""

    def __init__(
        self,
        ledger: Ledger,
        policy: PriorPolicy,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._policy = policy
        self._clock = clock

    def came_as_prior(
        self, tx: Transaction, study_instance_uid: str, instances: Sequence[ReceivedInstance]
    ) -> str:
        """The study that this one was fetched for; empty where it is to be analysed itself."""
        if self._policy.analyse:
            return ""
        if not all(one.calling_ae_title in self._policy.brought_by for one in instances):
            return ""
        return tx.priors.prior_of(study_instance_uid)

    def holds(self, study: Study, found: Route) -> bool:
        """Whether the study has to wait; the first time, its priors are asked for."""
        wanted = self._policy.wanted(found)
        if wanted is None:
            return False
        uid, now = study.study_instance_uid, self._clock()
        with self._ledger.begin() as tx:
            locked = tx.studies.lock(uid)
            if (locked.state, locked.revision) != (StudyState.ASSEMBLED, study.revision):
                return True  # it is somebody else's turn
            asked = tx.priors.find(uid)
            if tx.priors.prior_of(uid):
                return False  # no priors of priors: that would have no end
            if asked is None:
                return self._ask(tx, uid, wanted, now)
            if asked.state is not PriorFetchState.ENDED and now >= asked.deadline:
                _end(tx, uid, self._in_vain())
                return False
            return asked.state is not PriorFetchState.ENDED

    def _ask(self, tx: Transaction, uid: str, wanted: PriorsWanted, now: datetime) -> bool:
        policy = self._policy
        tx.priors.ask(PriorFetch(uid, wanted, now + timedelta(seconds=policy.timeout_s)))
        if not policy.source:
            _end(tx, uid, "priors not fetched: there is no PACS to fetch from; add [[sources]]")
            return False
        reason = f"complete; waits {policy.timeout_s:g} s at most for priors from {policy.source}"
        tx.studies.explain(uid, reason, StudyState.ASSEMBLED)
        tx.studies.note(uid, ASKED, reason)
        return True

    def _in_vain(self) -> str:
        return (
            f"priors not fetched: {self._policy.source} did not answer, or not send all of them, within "
            f"{self._policy.timeout_s:g} s (priors.timeout_s)"
        )


def _end(tx: Transaction, study_instance_uid: str, reason: str) -> None:
    if tx.priors.end(study_instance_uid, reason):
        tx.studies.note(study_instance_uid, ENDED, reason)
