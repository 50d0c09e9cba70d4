"""What the end of one analysis means for its study."""

from service.storage.ledger.ledger import Transaction
from service.storage.ledger.steps.fence import Fence, unfenced
from service.storage.ledger.tables.analyses import Analysis
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
    fence: Fence = unfenced,
) -> bool:
    """Enter how an analysis ended and move the study on when it was the last one.

    Returns False, and changes nothing, when it had ended before, is another's by now, or the study has been
    reopened since. An early analysis moves no study: it is reported by itself.
    """
    study = tx.studies.lock(study_instance_uid)
    if not fence(tx):
        return False
    analysis = tx.analyses.find(study_instance_uid, revision, classifier)
    if analysis is None or not is_wanted(analysis, study):
        return False
    if not tx.analyses.finish(study_instance_uid, revision, classifier, state, reason, result):
        return False
    if analysis.early:
        _settle_early(tx, analysis, state, reason)
    elif not analysis.shadow:
        _settle(tx, study)
    return True


def is_wanted(analysis: Analysis, study: Study) -> bool:
    """Whether the analysis is still to be done: early, of the revision that is in the queue, or in its
    shadow, where the study may be further on.
    """
    is_same = study.revision == analysis.revision
    is_current = is_same and (analysis.shadow or study.state is StudyState.QUEUED)
    return analysis.state is AnalysisState.QUEUED and (analysis.early or is_current)


def _settle_early(tx: Transaction, analysis: Analysis, state: AnalysisState, reason: str) -> None:
    uid, revision = analysis.study_instance_uid, analysis.revision
    tx.studies.note(
        uid, "early_analysis_ended", f"{analysis.classifier} on the series of revision {revision}: {reason}"
    )
    if state is AnalysisState.SCORED:
        tx.outbox.add(ReportRequest(uid, revision))


def _settle(tx: Transaction, study: Study) -> None:
    analyses = tx.analyses.of_study(study.study_instance_uid, study.revision)
    event = event_after([analysis.state for analysis in analyses])
    if event is None:
        return
    tx.studies.move(study.study_instance_uid, event, _reason(analyses))
    # Of what was refused the reporter may be asked to tell why.
    if event in (StudyEvent.ANALYSES_FINISHED, StudyEvent.EVERYTHING_REFUSED):
        tx.outbox.add(ReportRequest(study.study_instance_uid, study.revision))


def _reason(analyses: tuple[Analysis, ...]) -> str:
    return "; ".join(f"{analysis.classifier}: {analysis.reason}" for analysis in analyses)
