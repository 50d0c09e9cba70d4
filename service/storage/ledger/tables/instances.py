"""Received instances: each SOP Instance UID once, with one content."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from service.storage.ledger.schema.statements import insert_all_if_absent
from service.storage.ledger.schema.tables import instances
from service.study.model import ReceivedInstance

_FIELDS = tuple(ReceivedInstance.__dataclass_fields__)


class Recorded(Enum):
    """Whether an instance was new."""

    NEW = auto()
    KNOWN = auto()


@dataclass(frozen=True, slots=True)
class ReceivedSeries:
    """What has come of one series: how many instances, and the one received last."""

    count: int
    newest: ReceivedInstance


@dataclass(frozen=True)
class Instances:
    """The table of received instances."""

    connection: Connection

    def add(self, received: Sequence[ReceivedInstance]) -> int:
        """Enter instances unless their UIDs are known; how many were new. Their study's row must be there."""
        return insert_all_if_absent(self.connection, instances, [_row(instance) for instance in received])

    def conflicting(self, received: Sequence[ReceivedInstance]) -> list[ReceivedInstance]:
        """Those under whose UID other bytes, or another study, are entered."""
        uids = [instance.sop_instance_uid for instance in received]
        entered = (instances.c.sop_instance_uid, instances.c.digest, instances.c.study_instance_uid)
        rows = self.connection.execute(select(*entered).where(instances.c.sop_instance_uid.in_(uids)))
        kept = {row.sop_instance_uid: (row.digest, row.study_instance_uid) for row in rows}
        return [
            instance
            for instance in received
            if kept.get(instance.sop_instance_uid) != (instance.digest, instance.study_instance_uid)
        ]

    def replace(self, instance: ReceivedInstance) -> None:
        """Have this content under its UID, which is entered with another one of the same study."""
        self.connection.execute(
            update(instances)
            .where(instances.c.sop_instance_uid == instance.sop_instance_uid)
            .values(_row(instance))
        )

    def find(self, sop_instance_uid: str) -> ReceivedInstance | None:
        """The instance with this UID, if it was received."""
        row = self.connection.execute(
            select(instances).where(instances.c.sop_instance_uid == sop_instance_uid)
        ).one_or_none()
        return _instance(row) if row else None

    def keys_of(self, study_instance_uids: Sequence[str]) -> set[str]:
        """Where the bytes of all instances of several studies lie."""
        of_studies = instances.c.study_instance_uid.in_(study_instance_uids)
        return set(self.connection.scalars(select(instances.c.key).where(of_studies)))

    def of_study(self, study_instance_uid: str) -> tuple[ReceivedInstance, ...]:
        """All instances of a study, in the order of their arrival."""
        rows = self.connection.execute(
            select(instances)
            .where(instances.c.study_instance_uid == study_instance_uid)
            .order_by(instances.c.received_at, instances.c.sop_instance_uid)
        )
        return tuple(_instance(row) for row in rows)

    def series_of(self, study_instance_uids: Sequence[str]) -> list[ReceivedSeries]:
        """All series of several studies, without an order."""
        series = (instances.c.study_instance_uid, instances.c.series_instance_uid)
        newest_first = (instances.c.received_at.desc(), instances.c.sop_instance_uid.desc())
        ranked = (
            select(
                instances,
                func.count().over(partition_by=series).label("count"),
                func.row_number().over(partition_by=series, order_by=newest_first).label("rank"),
            )
            .where(instances.c.study_instance_uid.in_(study_instance_uids))
            .subquery()
        )
        rows = self.connection.execute(select(ranked).where(ranked.c.rank == 1))
        return [ReceivedSeries(row._mapping["count"], _instance(row)) for row in rows]


def _row(instance: ReceivedInstance) -> dict[str, Any]:
    return {name: getattr(instance, name) for name in _FIELDS}


def _instance(row: Row[tuple[object, ...]]) -> ReceivedInstance:
    return ReceivedInstance(**{name: row._mapping[name] for name in _FIELDS})
