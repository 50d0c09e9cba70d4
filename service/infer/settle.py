"""What the end of one analysis means for its study."""

from service.storage.analyses import Analysis
from service.storage.ledger import Transaction
from service.study.lifecycle import event_after
from service.study.messages import ReportRequest
from service.study.model import Study
from service.study.result import AnalysisResult
from service.study.state import AnalysisState, StudyEvent, StudyState


def finish_analysis(
    tx: Transaction,
    study_instance_uid: str,
    revision: int,
    classifier: str,
    state: AnalysisState,
    reason: str,
    result: AnalysisResult | None = None,
) -> bool:
    """Enter how an analysis ended and move the study on when it was the last one.

    Returns False, and changes nothing, when it had ended before or the study has been reopened since.
    """
    study = tx.studies.lock(study_instance_uid)
    if (study.revision, study.state) != (revision, StudyState.QUEUED):
        return False
    if not tx.analyses.finish(study_instance_uid, revision, classifier, state, reason, result):
        return False
    _settle(tx, study)
    return True


def _settle(tx: Transaction, study: Study) -> None:
    analyses = tx.analyses.of_study(study.study_instance_uid, study.revision)
    event = event_after([analysis.state for analysis in analyses])
    if event is None:
        return
    tx.studies.move(study.study_instance_uid, event, _reason(analyses))
    if event is StudyEvent.ANALYSES_FINISHED:
        tx.outbox.add(ReportRequest(study.study_instance_uid, study.revision))


def _reason(analyses: tuple[Analysis, ...]) -> str:
    return "; ".join(f"{analysis.classifier}: {analysis.reason}" for analysis in analyses)
