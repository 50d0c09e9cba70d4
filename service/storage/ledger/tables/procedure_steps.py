"""Modality Performed Procedure Steps as they were last reported."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, select, update

from service.storage.ledger.schema.statements import insert_if_absent
from service.storage.ledger.schema.tables import procedure_steps
from service.study.procedure_step import ProcedureStep, ProcedureStepStatus


@dataclass(frozen=True)
class ProcedureSteps:
    """The table of procedure steps."""

    connection: Connection

    def create(self, step: ProcedureStep) -> bool:
        """Enter a step. False, and nothing is entered, where there is one with its SOP Instance UID."""
        values = asdict(step) | {"instance_uids": list(step.instance_uids)}
        return insert_if_absent(self.connection, procedure_steps, values)

    def set(
        self,
        sop_instance_uid: str,
        status: ProcedureStepStatus,
        instance_uids: Sequence[str],
        at: datetime,
    ) -> None:
        """Enter what the modality now says of a step."""
        self.connection.execute(
            update(procedure_steps)
            .where(procedure_steps.c.sop_instance_uid == sop_instance_uid)
            .values(status=status, instance_uids=list(instance_uids), updated_at=at)
        )

    def find(self, sop_instance_uid: str) -> ProcedureStep | None:
        """The step with this UID, if it was reported."""
        statement = select(procedure_steps).where(procedure_steps.c.sop_instance_uid == sop_instance_uid)
        row = self.connection.execute(statement).one_or_none()
        return _step(row) if row else None

    def lock(self, sop_instance_uid: str) -> ProcedureStep | None:
        """As `find`, held until the transaction ends: of two who end a step, one is too late."""
        statement = select(procedure_steps).where(procedure_steps.c.sop_instance_uid == sop_instance_uid)
        row = self.connection.execute(statement.with_for_update()).one_or_none()
        return _step(row) if row else None

    def of_study(self, study_instance_uid: str) -> list[ProcedureStep]:
        """All steps of a study, the one that was reported first being first as far as times tell."""
        rows = self.connection.execute(
            select(procedure_steps)
            .where(procedure_steps.c.study_instance_uid == study_instance_uid)
            .order_by(procedure_steps.c.updated_at, procedure_steps.c.sop_instance_uid)
        )
        return [_step(row) for row in rows]


def _step(row: Row[tuple[object, ...]]) -> ProcedureStep:
    values = dict(row._mapping)
    values["status"] = ProcedureStepStatus(values["status"])
    values["instance_uids"] = tuple(values["instance_uids"])
    return ProcedureStep(**values)
