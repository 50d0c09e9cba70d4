"""The terms that studies are found by: written together with what they are made of."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select

from service.storage.assessments import Assessments
from service.storage.schema import analyses, search_terms, studies
from service.storage.statements import insert_all_if_absent
from service.study.model import StudyHeader
from service.study.result import AnalysisResult
from service.study.search import header_terms, result_terms, verdict_terms

HEADER, RESULT = "header", "result"
"""Where a term is from: what is written anew replaces what was there of the same origin."""


def index_header(connection: Connection, study_instance_uid: str, header: StudyHeader) -> None:
    """Let the study be found by its header."""
    _replace(connection, study_instance_uid, HEADER, header_terms(header))


def index_results(connection: Connection, study_instance_uid: str) -> None:
    """Let the study be found by the newest scores of each classifier that is not in the shadow, and by what
    people said of them.
    """
    rows = connection.execute(
        select(analyses.c.classifier, analyses.c.result)
        .where(analyses.c.study_instance_uid == study_instance_uid, ~analyses.c.shadow)
        .order_by(analyses.c.revision)
    )
    newest = {row.classifier: row.result for row in rows if row.result and row.result["scores"]}
    results = {name: AnalysisResult.from_json(body) for name, body in newest.items()}
    said = Assessments(connection).of_studies([study_instance_uid])
    terms = result_terms(results.values()) | verdict_terms(results, said)
    _replace(connection, study_instance_uid, RESULT, terms)


def _replace(connection: Connection, study_instance_uid: str, origin: str, terms: Iterable[str]) -> None:
    of_study = search_terms.c.study_instance_uid == study_instance_uid
    connection.execute(delete(search_terms).where(of_study, search_terms.c.origin == origin))
    received_at = connection.scalar(
        select(studies.c.received_at).where(studies.c.study_instance_uid == study_instance_uid)
    )
    if received_at is None:
        return
    rows = [
        {
            "study_instance_uid": study_instance_uid,
            "term": term,
            "origin": origin,
            "received_at": received_at,
        }
        for term in sorted(terms)
    ]
    if rows:
        insert_all_if_absent(connection, search_terms, rows)
