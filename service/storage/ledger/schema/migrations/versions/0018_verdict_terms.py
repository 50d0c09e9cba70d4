"""Studies are found by what people said last of their results"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NEWEST = """
    NOT n.shadow AND n.state = 'scored' AND n.revision = (
        SELECT max(m.revision) FROM analyses m
        WHERE m.study_instance_uid = n.study_instance_uid AND m.classifier = n.classifier
          AND m.state = 'scored'
    )
"""
OF_IT = (
    "a.study_instance_uid = n.study_instance_uid AND a.classifier = n.classifier AND a.revision = n.revision"
)
ASSESSED = f"""
    INSERT INTO search_terms (study_instance_uid, term, origin, received_at)
    SELECT DISTINCT n.study_instance_uid, 'verdict:' || a.verdict, 'result', s.received_at
    FROM analyses n
    JOIN studies s ON s.study_instance_uid = n.study_instance_uid
    JOIN assessments a ON {OF_IT}
    WHERE {NEWEST} AND a.id = (
        SELECT max(b.id) FROM assessments b
        WHERE b.study_instance_uid = a.study_instance_uid AND b.classifier = a.classifier
          AND b.revision = a.revision
    )
"""  # noqa: S608 - of constants
NOT_ASSESSED = f"""
    INSERT INTO search_terms (study_instance_uid, term, origin, received_at)
    SELECT DISTINCT n.study_instance_uid, 'verdict:none', 'result', s.received_at
    FROM analyses n
    JOIN studies s ON s.study_instance_uid = n.study_instance_uid
    WHERE {NEWEST} AND NOT EXISTS (SELECT 1 FROM assessments a WHERE {OF_IT})
"""  # noqa: S608


def upgrade() -> None:
    """Forward only: the ledger is never taken back a version."""
    connection = op.get_bind()
    for statement in (ASSESSED, NOT_ASSESSED):
        connection.execute(sa.text(statement))
