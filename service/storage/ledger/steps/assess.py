"""A person says on a study's page what she thinks of a result."""

from service.errors import NotInThisState
from service.storage.ledger.ledger import Transaction
from service.storage.ledger.tables.search_terms import index_results
from service.study.assessment import Assessment, Verdict
from service.study.messages import AssessmentRequest
from service.study.state import AnalysisState

ASSESSED = "assessed"
"""Event of a study's history that moves no state."""


def assess(tx: Transaction, assessment: Assessment) -> str:
    """Keep it, and ask for the object that tells of it. Returns what was done.

    Raises KeyError for an unknown study, NotInThisState for what is not the newest result of the classifier.
    """
    uid, name = assessment.study_instance_uid, assessment.classifier
    tx.studies.lock(uid)
    scored = [
        one.revision
        for one in tx.analyses.of_studies([uid])
        if one.classifier == name and one.state is AnalysisState.SCORED
    ]
    if not scored:
        raise NotInThisState(f"{name} has no result in this study that could be assessed")
    if assessment.revision != max(scored):
        raise NotInThisState(
            f"{name} has said something else since this page was loaded: load it again, and look at that"
        )
    tx.assessments.add(assessment)
    index_results(tx.connection, uid)
    tx.outbox.add(AssessmentRequest(uid, assessment.revision))
    done = told(assessment)
    tx.studies.note(uid, ASSESSED, done)
    return done


def told(assessment: Assessment) -> str:
    """In a few words, without the comment."""
    change = f" to category {assessment.category}" if assessment.verdict is Verdict.MODIFIED else ""
    return f"{assessment.classifier}: {assessment.verdict}{change} by {assessment.assessed_by}"
