"""Result objects as another system may have them: DICOM, and let through by the conformance gate."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, exists, func, select

from service.config.profiles import MESSAGES
from service.storage.deliveries import StoredObject
from service.storage.schema import objects, studies
from service.storage.search import Search

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


@dataclass(frozen=True)
class ResultObjects:
    """Over the tables of studies and of objects."""

    connection: Connection

    def studies(self, wanted: ResultFilter, limit: int, offset: int) -> list[str]:
        """UIDs of studies with such objects, what was received last first."""
        has_objects = exists().where(objects.c.study_instance_uid == studies.c.study_instance_uid, *_IS_GIVEN)
        rows = self.connection.scalars(
            select(studies.c.study_instance_uid)
            .where(has_objects, *self._conditions(wanted))
            .order_by(studies.c.received_at.desc(), studies.c.study_instance_uid.desc())
            .limit(limit)
            .offset(offset)
        )
        return list(rows)

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

    def _conditions(self, wanted: ResultFilter) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if wanted.study_instance_uids:
            conditions.append(studies.c.study_instance_uid.in_(wanted.study_instance_uids))
        if wanted.patient_id:
            conditions.append(studies.c.patient_id == wanted.patient_id)
        if wanted.accession_number:  # found by its term, which has an index
            found = Search(self.connection).with_accession_numbers([wanted.accession_number])
            conditions.append(studies.c.study_instance_uid.in_(found))
        if wanted.patient_name:
            pattern = _pattern(wanted.patient_name.lower())
            conditions.append(func.lower(studies.c.patient_name).like(pattern, escape="!"))
        if wanted.study_date_from:
            conditions.append(studies.c.study_date >= wanted.study_date_from)
        if wanted.study_date_until:
            conditions += [studies.c.study_date <= wanted.study_date_until, studies.c.study_date != ""]
        return conditions


def _pattern(wildcards: str) -> str:
    """As LIKE has it."""
    for special in "!%_":
        wildcards = wildcards.replace(special, f"!{special}")
    return wildcards.replace("*", "%").replace("?", "_")
