"""What a route means in the ledger: an analysis and its request for each classifier, in one transaction."""

from collections.abc import Mapping

from service.enqueue.routing import Route
from service.storage.ledger.ledger import Transaction
from service.study.companion import CompanionWanted
from service.study.lifecycle import TRANSITIONS
from service.study.messages import InferenceRequest
from service.study.model import Priority, Study
from service.study.state import StudyEvent

CompanionsWanted = Mapping[str, CompanionWanted]
"""Of the classifiers that read two studies together, by name."""


def queue_analyses(
    tx: Transaction, study: Study, found: Route, companions: CompanionsWanted, *, early: bool = False
) -> None:
    """Enter what the classifiers of the route are to do on the revision that `study` has.

    A study that is urgent already stays so, whatever the rules say: a person may have made it so.
    """
    priority = Priority.URGENT if study.priority is Priority.URGENT else found.priority
    for classifier in found.classifiers:
        _queue(tx, study, classifier, found, companions, priority=priority, early=early)
    for classifier in () if early else found.shadows:  # nobody waits for these, however urgent the study is
        _queue(tx, study, classifier, found, companions, priority=Priority.ROUTINE, shadow=True)
    tx.studies.set_priority(study.study_instance_uid, priority)


def _queue(
    tx: Transaction,
    study: Study,
    classifier: str,
    found: Route,
    companions: CompanionsWanted,
    *,
    priority: Priority,
    early: bool = False,
    shadow: bool = False,
) -> None:
    uid, revision = study.study_instance_uid, study.revision
    assumed = found.assumed_body_parts.get(classifier, "")
    wanted = companions.get(classifier)
    tx.analyses.queue(
        uid,
        revision,
        classifier,
        found.classifiers.get(classifier, ()),
        found.series.get(classifier, ()),
        early=early,
        priority=priority,
        assume_body_part=assumed,
        companion_study_instance_uid=tx.companions.find(study, wanted) if wanted else "",
        shadow=shadow,
    )
    tx.outbox.add(InferenceRequest(uid, revision, classifier, priority, assumed))


def reopen_waiting(tx: Transaction, arrived: Study, companions: CompanionsWanted) -> None:
    """Studies that a classifier could not read without `arrived` go their way again, as a new revision."""
    for classifier, wanted in companions.items():
        for waiting in tx.companions.waiting_for(arrived, classifier, wanted):
            now = tx.studies.lock(waiting.study_instance_uid)
            if (now.state, StudyEvent.COMPANION_ARRIVED) in TRANSITIONS:
                reason = f"the study that {classifier} reads together with this one is here"
                tx.studies.move(now.study_instance_uid, StudyEvent.COMPANION_ARRIVED, reason)
