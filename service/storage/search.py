"""Finds studies, newest first, as fast among millions as among a few.

What is asked for is looked up where the fewest studies come into question. Where nothing is rare, studies are
walked from the newest on: then the page is full soon.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, exists, func, select, tuple_

from service.storage.schema import search_terms, studies
from service.study.search import Cursor, StudyFilter, Term
from service.study.state import StudyState

RARE = 5000
"""So many studies with a term are put in order within milliseconds."""
COUNTED = 1000
"""Further than this nobody counts."""
_AFTER_EVERY_TERM = "\U0010ffff"

Condition = ColumnElement[bool]
Found = tuple[datetime, str]
"""When a study was received, and its UID."""


@dataclass(frozen=True)
class Search:
    """Over studies and their terms."""

    connection: Connection

    def find(self, wanted: StudyFilter, limit: int, before: Cursor | None = None) -> list[str]:
        """Study Instance UIDs, at most `limit`, what was received last first; with `before`, what follows."""
        found: set[Found] = set()
        for state in wanted.states or (None,):
            found.update(self._in_state(wanted, state, limit, before))
        return [uid for _, uid in sorted(found, reverse=True)[:limit]]

    def with_accession_numbers(self, numbers: Sequence[str]) -> list[str]:
        """UIDs of the studies that have one of these Accession Numbers, letter by letter."""
        terms = {one.value for number in numbers for one in StudyFilter(text=number).terms}
        of_number = select(search_terms.c.study_instance_uid).where(search_terms.c.term.in_(terms))
        found = select(studies.c.study_instance_uid).where(
            studies.c.study_instance_uid.in_(of_number), studies.c.accession_number.in_(numbers)
        )
        return list(self.connection.scalars(found)) if terms else []

    def counts(self) -> dict[StudyState, int]:
        """How many studies are in each state that has any; COUNTED + 1 where there are more than COUNTED."""
        counts = {state: self._count(studies, _is_in(state), COUNTED) for state in StudyState}
        return {state: count for state, count in counts.items() if count}

    def _in_state(
        self, wanted: StudyFilter, state: StudyState | None, limit: int, before: Cursor | None
    ) -> Sequence[Found]:
        of_study = [_is_in(state)] if state else []
        if wanted.priority is not None:
            of_study.append(studies.c.priority == wanted.priority)
        rarest = self._rarest(wanted.terms, state)
        table = search_terms if rarest else studies
        same = search_terms.c.study_instance_uid == studies.c.study_instance_uid
        conditions = [_has_too(table, term) for term in wanted.terms if term is not rarest]
        if rarest:
            conditions.append(_has(search_terms, rarest))
            conditions += [exists().where(same, *of_study).correlate(search_terms)] if of_study else []
        else:
            conditions += of_study
        received_at, uid = table.c.received_at, table.c.study_instance_uid
        statement = (
            select(received_at, uid)
            .where(*conditions, *_received(received_at, wanted))
            .order_by(received_at.desc(), uid.desc())
            .limit(limit)
        )
        if rarest and rarest.is_prefix:  # several words of one study may begin alike
            statement = statement.distinct()
        if before:
            statement = statement.where(
                tuple_(received_at, uid) < tuple_(before.received_at, before.study_instance_uid)
            )
        return [(row.received_at, row.study_instance_uid) for row in self.connection.execute(statement)]

    def _rarest(self, terms: Sequence[Term], state: StudyState | None) -> Term | None:
        """The term to look up; None where it is better to walk the studies, or those of a state."""
        if not terms:
            return None
        if len(terms) == 1 and state is None and not terms[0].is_prefix:
            return terms[0]
        counts = {term: self._count(search_terms, _has(search_terms, term), RARE) for term in terms}
        rarest = min(counts, key=lambda term: (counts[term], term.is_prefix))
        in_state = self._count(studies, _is_in(state), RARE) if state else RARE + 1
        if in_state < counts[rarest] or (counts[rarest] > RARE and rarest.is_prefix):
            return None
        return rarest

    def _count(self, table: FromClause, condition: Condition, most: int) -> int:
        """How many rows fulfil it, `most` + 1 where there are more."""
        some = select(table.c.study_instance_uid).where(condition).limit(most + 1).subquery()
        return self.connection.scalar(select(func.count()).select_from(some)) or 0


def _is_in(state: StudyState | None) -> Condition:
    return studies.c.state == state


def _has(table: Any, term: Term) -> Condition:
    if not term.is_prefix:
        return and_(table.c.term == term.value)
    return and_(table.c.term >= term.value, table.c.term < term.value + _AFTER_EVERY_TERM)


def _has_too(table: FromClause, term: Term) -> Condition:
    """That the study of a row has the term, whatever the row is of."""
    other = search_terms.alias()
    same = other.c.study_instance_uid == table.c.study_instance_uid
    return exists().where(same, _has(other, term)).correlate(table)


def _received(received_at: ColumnElement[datetime], wanted: StudyFilter) -> list[Condition]:
    conditions = []
    if wanted.received_from is not None:
        conditions.append(received_at >= wanted.received_from)
    if wanted.received_until is not None:
        conditions.append(received_at < wanted.received_until)
    return conditions
