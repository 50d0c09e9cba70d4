"""Which studies look other than a moment ago."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select, union_all

from service.storage.ledger.schema.tables import analyses, assessments, deliveries, studies

Change = tuple[str, datetime]
"""A Study Instance UID, and when something of the study was entered."""
_MOMENTS = (
    studies.c.changed_at,
    analyses.c.finished_at,
    deliveries.c.updated_at,
    assessments.c.assessed_at,
)


def changed_since(connection: Connection, moment: datetime) -> Iterable[Change]:
    """All that was entered at `moment` or later, of every study, in no order.

    A transaction may be seen later than its moments say: ask for some seconds more than have passed.
    """
    entered = [
        select(at.table.c.study_instance_uid.label("study_instance_uid"), at.label("at")).where(at >= moment)
        for at in _MOMENTS
    ]
    return [(row.study_instance_uid, row.at) for row in connection.execute(union_all(*entered))]
