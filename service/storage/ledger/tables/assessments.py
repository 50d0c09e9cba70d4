"""What people say of results, and which object tells of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, update

from service.storage.ledger.schema.tables import assessments
from service.study.assessment import Assessment, Verdict


@dataclass(frozen=True)
class Assessments:
    """The table of assessments."""

    connection: Connection

    def add(self, assessment: Assessment) -> None:
        """Enter one; those before it stay."""
        self.connection.execute(insert(assessments).values(asdict(assessment)))

    def of_studies(self, study_instance_uids: Sequence[str]) -> tuple[Assessment, ...]:
        """All of several studies, the oldest first."""
        rows = self.connection.execute(
            select(assessments)
            .where(assessments.c.study_instance_uid.in_(study_instance_uids))
            .order_by(assessments.c.id)
        )
        return tuple(map(_assessment, rows))

    def since(self, moment: datetime) -> tuple[Assessment, ...]:
        """Those that were said since then, the oldest first."""
        rows = self.connection.execute(
            select(assessments).where(assessments.c.assessed_at >= moment).order_by(assessments.c.id)
        )
        return tuple(map(_assessment, rows))

    def unwritten(self, study_instance_uid: str, revision: int) -> tuple[Assessment, ...]:
        """Those of which no object tells yet, the oldest first."""
        found = self.of_studies([study_instance_uid])
        return tuple(one for one in found if one.revision == revision and not one.sop_instance_uid)

    def written(self, assessment: Assessment, sop_instance_uid: str) -> None:
        """Enter the object that tells of it."""
        self.connection.execute(
            update(assessments)
            .where(
                assessments.c.study_instance_uid == assessment.study_instance_uid,
                assessments.c.classifier == assessment.classifier,
                assessments.c.assessed_at == assessment.assessed_at,
            )
            .values(sop_instance_uid=sop_instance_uid)
        )


def _assessment(row: Row[tuple[int, str, int, str, str, str, str, str, datetime, str]]) -> Assessment:
    values = dict(row._mapping)
    del values["id"]
    return Assessment(**values | {"verdict": Verdict(values["verdict"])})
