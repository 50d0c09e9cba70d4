"""A person lets a study go its way again: by `preread retry`, by a dead letter, or on its page."""

from service.errors import NotInThisState
from service.storage.ledger.ledger import Transaction
from service.storage.ledger.tables.studies import IMAGES_REMOVED
from service.study.lifecycle import TRANSITIONS
from service.study.state import StudyEvent


def retry_study(tx: Transaction, study_instance_uid: str, reason: str) -> None:
    """Route the study anew. What was given up of it is forgotten: all of it is asked for again.

    Raises KeyError for an unknown study, NotInThisState where there is nothing to be tried again.
    """
    study = tx.studies.lock(study_instance_uid)
    if (study.state, StudyEvent.RETRIED) not in TRANSITIONS:
        raise NotInThisState(
            f"the study is still at work ({study.state}: {study.reason}); it can be tried again once that "
            "has ended"
        )
    if _is_without_images(tx, study_instance_uid, study.revision):
        raise NotInThisState(
            "the study's images were removed here after its results had been delivered: send it again, or "
            "get it with `preread fetch`"
        )
    tx.studies.move(study_instance_uid, StudyEvent.RETRIED, reason)
    tx.priors.unmark(study_instance_uid)
    tx.priors.forget(study_instance_uid)
    tx.leases.forget_dead_of(study_instance_uid)


def _is_without_images(tx: Transaction, study_instance_uid: str, revision: int) -> bool:
    history = tx.studies.history(study_instance_uid)
    return any((entry.event, entry.revision) == (IMAGES_REMOVED, revision) for entry in history)
