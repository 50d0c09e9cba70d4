"""Received instances: each SOP Instance UID once, for ever with the same bytes."""

from dataclasses import asdict, dataclass
from enum import Enum, auto

from sqlalchemy import Connection, Row, select

from service.errors import ConflictingInstance
from service.storage.schema import instances
from service.storage.statements import insert_if_absent
from service.study.model import ReceivedInstance


class Recorded(Enum):
    """Whether an instance was new."""

    NEW = auto()
    KNOWN = auto()


@dataclass(frozen=True)
class Instances:
    """The table of received instances."""

    connection: Connection

    def record(self, instance: ReceivedInstance) -> Recorded:
        """Enter an instance. The study's row must be there (Studies.instance_received).

        Raises ConflictingInstance when other bytes, or another study, are entered under its UID.
        """
        if insert_if_absent(self.connection, instances, asdict(instance)):
            return Recorded.NEW
        known = self.find(instance.sop_instance_uid)
        if known and (known.digest, known.study_instance_uid) == (
            instance.digest,
            instance.study_instance_uid,
        ):
            return Recorded.KNOWN
        raise ConflictingInstance(
            "this SOP Instance UID was received before with other content; the first one is kept. "
            "If the image was corrected, the sender has to give it a new SOP Instance UID"
        )

    def find(self, sop_instance_uid: str) -> ReceivedInstance | None:
        """The instance with this UID, if it was received."""
        row = self.connection.execute(
            select(instances).where(instances.c.sop_instance_uid == sop_instance_uid)
        ).one_or_none()
        return _instance(row) if row else None

    def of_study(self, study_instance_uid: str) -> tuple[ReceivedInstance, ...]:
        """All instances of a study, in the order of their arrival."""
        rows = self.connection.execute(
            select(instances)
            .where(instances.c.study_instance_uid == study_instance_uid)
            .order_by(instances.c.received_at, instances.c.sop_instance_uid)
        )
        return tuple(_instance(row) for row in rows)


def _instance(row: Row[tuple[object, ...]]) -> ReceivedInstance:
    return ReceivedInstance(**row._mapping)
