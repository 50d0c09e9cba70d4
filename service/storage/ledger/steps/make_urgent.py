"""A person makes a study urgent: by `preread urgent`, or on its page."""

from uuid import uuid4

from service.errors import NotInThisState
from service.storage.ledger.ledger import Transaction
from service.storage.ledger.tables.analyses import Analysis
from service.study.messages import InferenceRequest
from service.study.model import Priority, Study
from service.study.state import StudyState

MADE_URGENT = "made_urgent"
"""Event of a study's history that moves no state."""
ANALYSED = (StudyState.INFERRED, StudyState.REPORTED, StudyState.DELIVERED)


def make_urgent(tx: Transaction, study_instance_uid: str, by: str) -> str:
    """Have the study analysed before routine ones, now and when it is routed. Returns what was done.

    Analyses that wait are asked for again as urgent ones; the routine messages that are left behind find
    nothing to do. Raises KeyError for an unknown study, NotInThisState for one that is analysed.
    """
    study = tx.studies.lock(study_instance_uid)
    if study.state in ANALYSED:
        raise NotInThisState(f"nothing is left to be hurried: the study is analysed ({study.reason})")
    if study.priority is Priority.URGENT:
        return "it is urgent already"
    tx.studies.set_priority(study_instance_uid, Priority.URGENT)
    moved = tx.analyses.make_urgent(study_instance_uid, study.revision)
    for analysis in moved:
        request = _request(analysis)
        # Not `add`, which takes the work away from whoever has begun it at this moment.
        tx.outbox.insert(str(uuid4()), request.queue, request.to_json())
    done = _done(study, moved)
    tx.studies.note(study_instance_uid, MADE_URGENT, f"made urgent by {by}: {done}")
    return done


def _request(analysis: Analysis) -> InferenceRequest:
    return InferenceRequest(
        analysis.study_instance_uid,
        analysis.revision,
        analysis.classifier,
        analysis.priority,
        analysis.assume_body_part,
    )


def _done(study: Study, moved: tuple[Analysis, ...]) -> str:
    if moved:
        return f"{', '.join(analysis.classifier for analysis in moved)} moved to the urgent queue"
    if study.state is StudyState.QUEUED:
        return "a worker has begun its analyses already"
    return "it is analysed before routine studies once it is queued"
