"""Ask once more for what a study waits for: the broker may have lost what a restored ledger has sent.

Work that is asked for twice is done once: whoever comes second finds nothing to do.
"""

from collections.abc import Iterator
from uuid import uuid4

from sqlalchemy import select

from service.storage.ledger.ledger import Transaction
from service.storage.ledger.schema.tables import analyses
from service.storage.ledger.tables.analyses import Analysis, analysis_of
from service.storage.ledger.tables.deliveries import DeliveryState
from service.study.messages import (
    AssessmentRequest,
    DeliveryRequest,
    InferenceRequest,
    Message,
    ReportRequest,
)
from service.study.model import Study
from service.study.state import AnalysisState, StudyState

_OPEN = (DeliveryState.WAITING, DeliveryState.SENT)


def ask_again(tx: Transaction, study: Study) -> int:
    """Let the messages leave once more. Returns how many; none where the study waits for nobody."""
    messages = [
        *_analyses(tx, study),
        *_reports(tx, study),
        *_deliveries(tx, study),
        *_assessments(tx, study),
    ]
    for message in messages:
        # Not `add`, which takes the work away from whoever has begun it at this moment.
        tx.outbox.insert(str(uuid4()), message.queue, message.to_json())
    return len(messages)


def _analyses(tx: Transaction, study: Study) -> Iterator[Message]:
    for one in _all(tx, study):
        is_wanted = (
            one.early or one.shadow or (one.revision, study.state) == (study.revision, StudyState.QUEUED)
        )
        if one.state is AnalysisState.QUEUED and is_wanted:
            yield InferenceRequest(
                one.study_instance_uid, one.revision, one.classifier, one.priority, one.assume_body_part
            )


def _reports(tx: Transaction, study: Study) -> Iterator[Message]:
    revisions = {one.revision for one in _all(tx, study) if one.early and one.state.is_final}
    if study.state is StudyState.INFERRED:
        revisions.add(study.revision)
    for revision in sorted(revisions):
        yield ReportRequest(study.study_instance_uid, revision)


def _deliveries(tx: Transaction, study: Study) -> Iterator[Message]:
    uid = study.study_instance_uid
    revisions = {one.sop_instance_uid: one.revision for one in tx.deliveries.objects_of(uid)}
    waiting = {
        (revisions[one.sop_instance_uid], one.destination)
        for one in tx.deliveries.of_studies([uid])
        if one.state in _OPEN
    }
    for revision, destination in sorted(waiting):
        yield DeliveryRequest(uid, revision, destination)


def _assessments(tx: Transaction, study: Study) -> Iterator[Message]:
    unwritten = [
        one for one in tx.assessments.of_studies([study.study_instance_uid]) if not one.sop_instance_uid
    ]
    for revision in sorted({one.revision for one in unwritten}):
        yield AssessmentRequest(study.study_instance_uid, revision)


def _all(tx: Transaction, study: Study) -> list[Analysis]:
    of_study = analyses.c.study_instance_uid == study.study_instance_uid
    return [analysis_of(row) for row in tx.connection.execute(select(analyses).where(of_study))]
