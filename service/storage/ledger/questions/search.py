"""Finds studies, newest first, as fast among millions as among a few.

What is asked for is looked up where the fewest studies come into question. Where nothing is rare, studies are
walked from the newest on, and not for ever: then a page says where to go on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    Table,
    TextClause,
    and_,
    func,
    select,
    true,
    tuple_,
)

from service.storage.ledger.schema.few import IS_URGENT
from service.storage.ledger.schema.statements import in_order_still, one_by_one
from service.storage.ledger.schema.tables import search_terms, studies
from service.study.model import Priority
from service.study.search import Cursor, StudyFilter, Term
from service.study.state import StudyState

RARE = 5000
"""So many studies with a term are put in order within milliseconds."""
COUNTED = 1000
"""Further than this nobody counts."""
LOOKED_THROUGH = 6000
"""Studies that one page is looked for in, where what is asked for together is looked up by a part of it."""
_AFTER_EVERY_TERM = "\U0010ffff"

Condition = ColumnElement[bool] | TextClause
Row = tuple[datetime, str]
"""When a study was received, and its UID."""


@dataclass(frozen=True, slots=True)
class Found:
    """Study Instance UIDs, what was received last first. `further`: where to go on; None where nothing is
    left. There may be few UIDs, or none, and more of them further on.
    """

    study_instance_uids: list[str]
    further: Cursor | None


@dataclass(frozen=True, slots=True)
class _Way:
    """One thing that is asked for, by which studies can be looked up in a table, newest first."""

    table: Table
    condition: Callable[[Any], Condition]
    """On the table, or an alias of it."""
    is_in_order: bool = True
    """Whether an index has what fulfils it in the order of its arrival."""


@dataclass(frozen=True)
class Search:
    """Over studies and their terms."""

    connection: Connection

    def find(self, wanted: StudyFilter, limit: int, before: Cursor | None = None) -> Found:
        """At most `limit` studies; with `before`, what follows it."""
        found: set[Row] = set()
        ends: list[Row] = []
        for state in wanted.states or (None,):
            rows, end = self._in_state(wanted, state, limit, before)
            found.update(rows)
            ends += [end] if end else []
        # Beyond the first end, not every state was looked through.
        end = max(ends, default=None)
        rows = sorted((row for row in found if end is None or row >= end), reverse=True)
        last = rows[limit - 1] if len(rows) > limit else end
        return Found([uid for _, uid in rows[:limit]], Cursor(*last) if last else None)

    def with_accession_numbers(self, numbers: Sequence[str]) -> list[str]:
        """UIDs of the studies that have one of these Accession Numbers, letter by letter."""
        terms = {term.value for number in numbers if (term := self._most_telling(number))}
        of_number = select(search_terms.c.study_instance_uid).where(search_terms.c.term.in_(terms))
        found = select(studies.c.study_instance_uid).where(
            studies.c.study_instance_uid.in_(of_number), studies.c.accession_number.in_(numbers)
        )
        return list(self.connection.scalars(found)) if terms else []

    def rarest(self, terms: Sequence[Term]) -> Term | None:
        """The one that the fewest studies have; None where all are frequent."""
        counts = dict(zip(terms, self._counts(map(_by_term, terms), RARE), strict=True))
        found = min(counts, key=lambda term: counts[term], default=None)
        return found if found and counts[found] <= RARE else None

    def counts(self) -> dict[StudyState, int]:
        """How many studies are in each state that has any; COUNTED + 1 where there are more than COUNTED."""
        counts = self._counts(map(_by_state, StudyState), COUNTED)
        return {state: count for state, count in zip(StudyState, counts, strict=True) if count}

    def _in_state(
        self, wanted: StudyFilter, state: StudyState | None, limit: int, before: Cursor | None
    ) -> tuple[list[Row], Row | None]:
        """What is found, one more than `limit` where there is more; and where looking ended before all was
        looked through.
        """
        ways = [*map(_by_term, wanted.terms), *([_by_state(state)] if state else [])]
        ways += [_URGENT] if wanted.priority is Priority.URGENT else []
        way = self._best(ways)
        others = [one for one in ways if one is not way]
        others += [_ROUTINE] if wanted.priority is Priority.ROUTINE else []  # most are
        table = way.table.c
        received_at, uid = table.received_at, table.study_instance_uid
        some = select(received_at, uid).where(way.condition(table), *_received(received_at, wanted))
        if before:
            some = some.where(
                tuple_(received_at, uid) < tuple_(before.received_at, before.study_instance_uid)
            )
        if not way.is_in_order:  # few, but several words of one study may begin alike
            some = some.distinct()
        some = some.order_by(received_at.desc(), uid.desc())
        walked = some.limit(LOOKED_THROUGH if others else limit + 1).subquery()
        found = in_order_still(
            self.connection,
            select(walked.c.received_at, walked.c.study_instance_uid).where(
                *(_fulfils_too(walked, other) for other in others)
            ),
            walked.c.received_at.desc(),
            walked.c.study_instance_uid.desc(),
        ).limit(limit + 1)
        rows: list[Row] = [(row[0], row[1]) for row in self.connection.execute(found)]
        if len(rows) > limit or not others:
            return rows, None
        end = self.connection.execute(some.offset(LOOKED_THROUGH - 1).limit(1)).one_or_none()
        return rows, (end[0], end[1]) if end else None

    def _best(self, ways: Sequence[_Way]) -> _Way:
        """The one to look up; walking all studies where nothing else is better."""
        if not ways:
            return _ALL
        if len(ways) == 1 and ways[0].is_in_order:
            return ways[0]
        found = zip(self._counts(ways, RARE), ways, strict=True)
        counts = [(count, not way.is_in_order, way) for count, way in found]
        count, is_without_order, best = min(counts, key=lambda one: one[:2])
        return _ALL if is_without_order and count > RARE else best

    def _most_telling(self, number: str) -> Term | None:
        """The word of a number that the fewest studies have: `2024` of `A 2024 17` would be of many."""
        words = [Term(one.value) for one in StudyFilter(text=number).terms]
        if len(words) <= 1:
            return next(iter(words), None)
        counts = dict(zip(words, self._counts(map(_by_term, words), RARE), strict=True))
        return min(words, key=lambda word: counts[word])

    def _counts(self, ways: Iterable[_Way], most: int) -> list[int]:
        """How many rows fulfil each, `most` + 1 where there are more; asked for at once."""
        counting = [_count(way, most) for way in ways]
        return list(self.connection.execute(select(*counting)).one()) if counting else []


def _count(way: _Way, most: int) -> ScalarSelect[int]:
    table = way.table.c
    # In an order, or PostgreSQL might hope to meet so many soon when it reads the table as it lies.
    order = table.received_at if way.is_in_order else table.term
    some = select(order).where(way.condition(table)).order_by(order.desc()).limit(most + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


_ALL = _Way(studies, lambda table: true())
_URGENT = _Way(studies, lambda table: IS_URGENT)
_ROUTINE = _Way(studies, lambda table: table.priority == Priority.ROUTINE)


def _by_state(state: StudyState) -> _Way:
    return _Way(studies, lambda table: table.state == state)


def _by_term(term: Term) -> _Way:
    return _Way(search_terms, partial(_has, term), is_in_order=not term.is_prefix)


def _has(term: Term, table: Any) -> Condition:
    if not term.is_prefix:
        return and_(table.term == term.value)
    return and_(table.term >= term.value, table.term < term.value + _AFTER_EVERY_TERM)


def of_term(term: Term) -> Select[tuple[str]]:
    """The UIDs of the studies that have it, as a subquery."""
    return select(search_terms.c.study_instance_uid).where(_has(term, search_terms.c))


def _fulfils_too(walked: Any, way: _Way) -> Condition:
    """That the study of a row fulfils another condition, too."""
    other = way.table.alias()
    same = other.c.study_instance_uid == walked.c.study_instance_uid
    return one_by_one(
        select(other.c.study_instance_uid).where(same, way.condition(other.c)).correlate(walked)
    )


def _received(received_at: ColumnElement[datetime], wanted: StudyFilter) -> list[Condition]:
    conditions: list[Condition] = []
    if wanted.received_from is not None:
        conditions.append(received_at >= wanted.received_from)
    if wanted.received_until is not None:
        conditions.append(received_at < wanted.received_until)
    return conditions
