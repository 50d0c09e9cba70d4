"""Result objects as another system may have them: DICOM, and let through by the conformance gate."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, select

from service.config.profiles import MESSAGES
from service.storage.ledger.questions.search import LOOKED_THROUGH, Search, of_term
from service.storage.ledger.schema.statements import one_by_one
from service.storage.ledger.schema.tables import objects, studies
from service.storage.ledger.tables.deliveries import StoredObject
from service.study.search import name_terms

_IS_GIVEN = (objects.c.fault == "", objects.c.kind.not_in(MESSAGES))


@dataclass(frozen=True, slots=True)
class ResultFilter:
    """Which studies are wanted; what is empty does not matter.

    `patient_name` may hold the wildcards * and ? (PS3.4 C.2.2.2.4), and is compared without case. The days
    are Study Dates as DA text, both included.
    """

    study_instance_uids: tuple[str, ...] = ()
    patient_id: str = ""
    patient_name: str = ""
    accession_number: str = ""
    study_date_from: str = ""
    study_date_until: str = ""


@dataclass(frozen=True, slots=True)
class FoundStudies:
    """Study Instance UIDs. `looked_through`: how many studies were, where that was not all of them and too
    few of them matched; else 0.
    """

    study_instance_uids: list[str]
    looked_through: int = 0


@dataclass(frozen=True)
class ResultObjects:
    """Over the tables of studies and of objects."""

    connection: Connection

    def studies(self, wanted: ResultFilter, limit: int, offset: int) -> FoundStudies:
        """Studies with such objects, what was received last first; with a Study Date, the last day first.

        Where nothing that is asked for is rare, only the last studies are looked through.
        """
        rare = self._rare(wanted)
        most = LOOKED_THROUGH + 2 * offset
        is_by_day = wanted.study_date_from or wanted.study_date_until
        order = [*(["study_date"] if is_by_day else []), "received_at", "study_instance_uid"]
        some = select(studies).where(*rare, *_on_days(wanted)).order_by(*_newest(studies, order))
        walked = (some if rare else some.limit(most)).subquery()
        of_study = objects.c.study_instance_uid == walked.c.study_instance_uid
        has_objects = one_by_one(
            select(objects.c.sop_instance_uid).where(of_study, *_IS_GIVEN).correlate(walked)
        )
        found = (
            select(walked.c.study_instance_uid)
            .where(has_objects, *_named(walked, wanted))
            .order_by(*_newest(walked, order))
            .limit(limit)
            .offset(offset)
        )
        uids = list(self.connection.scalars(found))
        if rare or len(uids) == limit or self.connection.scalar(_after(some, most)) is None:
            return FoundStudies(uids)
        return FoundStudies(uids, most)

    def of_studies(self, study_instance_uids: Sequence[str]) -> Mapping[str, tuple[StoredObject, ...]]:
        """The objects of each study, oldest first."""
        rows = self.connection.execute(
            select(objects)
            .where(objects.c.study_instance_uid.in_(study_instance_uids), *_IS_GIVEN)
            .order_by(objects.c.created_at, objects.c.kind, objects.c.sop_instance_uid)
        )
        found: dict[str, tuple[StoredObject, ...]] = defaultdict(tuple)
        for row in rows:
            stored = StoredObject(**row._mapping)
            found[stored.study_instance_uid] += (stored,)
        return found

    def _rare(self, wanted: ResultFilter) -> list[ColumnElement[bool]]:
        """Conditions on the table of studies that few of them fulfil, and an index finds; those there are."""
        conditions: list[ColumnElement[bool]] = []
        uid, search = studies.c.study_instance_uid, Search(self.connection)
        if wanted.study_instance_uids:
            conditions.append(uid.in_(wanted.study_instance_uids))
        if wanted.patient_id:
            conditions.append(studies.c.patient_id == wanted.patient_id)
        if wanted.accession_number:
            conditions.append(uid.in_(search.with_accession_numbers([wanted.accession_number])))
        if rarest := search.rarest(name_terms(wanted.patient_name)):
            conditions.append(uid.in_(of_term(rarest)))
        return conditions


def _on_days(wanted: ResultFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.study_date_from:
        conditions.append(studies.c.study_date >= wanted.study_date_from)
    if wanted.study_date_until:
        conditions += [studies.c.study_date <= wanted.study_date_until, studies.c.study_date != ""]
    return conditions


def _newest(rows: FromClause, order: Sequence[str]) -> list[ColumnElement[Any]]:
    return [rows.c[name].desc() for name in order]


def _named(walked: FromClause, wanted: ResultFilter) -> list[ColumnElement[bool]]:
    if not wanted.patient_name:
        return []
    pattern = _pattern(wanted.patient_name.lower())
    return [func.lower(walked.c.patient_name).like(pattern, escape="!")]


def _after(some: Select[Any], count: int) -> Select[Any]:
    """A row, where `some` are more than `count`."""
    return some.with_only_columns(studies.c.study_instance_uid).order_by(None).offset(count).limit(1)


def _pattern(wildcards: str) -> str:
    """As LIKE has it."""
    for special in "!%_":
        wildcards = wildcards.replace(special, f"!{special}")
    return wildcards.replace("*", "%").replace("?", "_")
