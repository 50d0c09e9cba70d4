"""The terms that studies are found by: written together with what they are made of."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from service.storage.ledger.schema.statements import insert_all_if_absent
from service.storage.ledger.schema.tables import analyses, search_terms, studies
from service.storage.ledger.tables.assessments import Assessments
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
    results = newest_scores(rows)
    said = Assessments(connection).of_studies([study_instance_uid])
    terms = result_terms(results.values()) | verdict_terms(results, said)
    _replace(connection, study_instance_uid, RESULT, terms)


def newest_scores(rows: Iterable[Any]) -> dict[str, AnalysisResult]:
    """Of a study's analyses, the oldest revision first, the newest one with scores by classifier."""
    newest = {row.classifier: row.result for row in rows if row.result and row.result["scores"]}
    return {name: AnalysisResult.from_json(body) for name, body in newest.items()}


def term_rows(
    study_instance_uid: str, received_at: datetime, origin: str, terms: Iterable[str]
) -> list[dict[str, Any]]:
    """The rows of the table that say so."""
    one = {"study_instance_uid": study_instance_uid, "origin": origin, "received_at": received_at}
    return [one | {"term": term} for term in sorted(terms)]


def _replace(connection: Connection, study_instance_uid: str, origin: str, terms: Iterable[str]) -> None:
    of_study = search_terms.c.study_instance_uid == study_instance_uid
    connection.execute(delete(search_terms).where(of_study, search_terms.c.origin == origin))
    received_at = connection.scalar(
        select(studies.c.received_at).where(studies.c.study_instance_uid == study_instance_uid)
    )
    if received_at is None:
        return
    rows = term_rows(study_instance_uid, received_at, origin, terms)
    if rows:
        insert_all_if_absent(connection, search_terms, rows)
