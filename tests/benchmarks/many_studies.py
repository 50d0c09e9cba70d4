"""A ledger with as many studies as a hospital network has after years."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.schema.tables import analyses, search_terms, studies
from service.storage.ledger.tables.search_terms import HEADER, RESULT, term_rows
from service.study.model import Priority, StudyHeader
from service.study.result import AnalysisResult
from service.study.search import header_terms, result_terms
from service.study.state import AnalysisState, StudyState
from tests.factories import result, score

_AT_ONCE = 2000
_NEWEST = datetime(2026, 11, 1, 12, tzinfo=UTC)
_BETWEEN = timedelta(seconds=150)
_SYLLABLES = (
    "ba",
    "ber",
    "chen",
    "do",
    "el",
    "gar",
    "ho",
    "is",
    "jan",
    "ka",
    "li",
    "mar",
    "no",
    "or",
    "pe",
    "ro",
)
_STATES = (
    (StudyState.DELIVERED, 0.9),
    (StudyState.NOT_ANALYSED, 0.0979),
    (StudyState.FAILED, 0.002),
    (StudyState.PARKED, 0.0001),
)
_CATEGORIES = (("3", 0.2), ("4A", 0.5), ("4B", 0.2), ("4C", 0.09), ("5", 0.01))
_ANALYSED_EVERY = 50
"""Of the older studies; what an index finds does not depend on how many rows it passes over."""
_ANALYSED_NEWEST = 5000


def fill(ledger: Ledger, count: int) -> None:
    """`count` studies, the same at every call."""
    rng = random.Random(1)
    for start in range(0, count, _AT_ONCE):
        made = [_study(rng, number, count) for number in range(start, min(start + _AT_ONCE, count))]
        with ledger.begin() as tx:
            _enter(tx.connection, made)
    with ledger.begin() as tx:
        tx.connection.execute(text("ANALYZE"))


def _study(
    rng: random.Random, number: int, count: int
) -> tuple[dict[str, Any], StudyHeader, list[AnalysisResult]]:
    uid = f"1.2.826.0.1.3680043.10.9.{number}"
    header = StudyHeader(
        patient_name=f"{_name(rng, 3)}^{_name(rng, 2)}",
        patient_id=f"{rng.randrange(count // 2):07}",
        patient_birth_date=f"19{rng.randrange(40, 99)}0101",
        patient_sex="F",
        accession_number=f"A{number:08}",
        study_date="20260101",
        study_description="Breast ultrasound",
        modalities=("US",) if rng.random() < 0.6 else ("MG",),
    )
    state = _drawn(rng, _STATES)
    is_analysed = number % _ANALYSED_EVERY == 0 or count - number < _ANALYSED_NEWEST
    results = []
    if state is StudyState.DELIVERED and is_analysed:
        scores = tuple(score(laterality=side, category=_drawn(rng, _CATEGORIES)) for side in "LR")
        results.append(result(study_instance_uid=uid, scores=scores))
    return _row(uid, state, header, _NEWEST - _BETWEEN * (count - number)), header, results


def _row(uid: str, state: StudyState, header: StudyHeader, at: datetime) -> dict[str, Any]:
    fields = {name: getattr(header, name) for name in StudyHeader.__dataclass_fields__}
    return {
        **fields,
        "modalities": list(header.modalities),
        "study_instance_uid": uid,
        "revision": 1,
        "state": state,
        "reason": "every result object is where it should be",
        "priority": Priority.ROUTINE,
        "instance_count": 4,
        "received_at": at,
        "last_instance_at": at,
        "updated_at": at,
        "changed_at": at,
    }


def _enter(
    connection: Connection, made: list[tuple[dict[str, Any], StudyHeader, list[AnalysisResult]]]
) -> None:
    connection.execute(studies.insert(), [row for row, _, _ in made])
    terms = [term for one in made for term in _terms(*one)]
    connection.execute(search_terms.insert(), terms)
    analysed = [_analysis(found) for _, _, results in made for found in results]
    if analysed:
        connection.execute(analyses.insert(), analysed)


def _terms(
    row: dict[str, Any], header: StudyHeader, results: list[AnalysisResult]
) -> Iterator[dict[str, Any]]:
    for origin, terms in ((HEADER, header_terms(header)), (RESULT, result_terms(results))):
        yield from term_rows(row["study_instance_uid"], row["received_at"], origin, terms)


def _analysis(found: AnalysisResult) -> dict[str, Any]:
    return {
        "study_instance_uid": found.study_instance_uid,
        "revision": 1,
        "classifier": found.classifier.name,
        "state": AnalysisState.SCORED,
        "reason": "scored",
        "destinations": ["pacs"],
        "result": found.to_json(),
        "queued_at": found.finished_at,
        "finished_at": found.finished_at,
    }


def _name(rng: random.Random, syllables: int) -> str:
    return "".join(rng.choice(_SYLLABLES) for _ in range(syllables)).capitalize()


def _drawn(rng: random.Random, choices: tuple[tuple[Any, float], ...]) -> Any:
    return rng.choices([one for one, _ in choices], [weight for _, weight in choices])[0]
