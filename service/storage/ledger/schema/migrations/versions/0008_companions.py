"""The study that an analysis reads beside its own, and finding the studies of a patient"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: the ledger is never taken back a version."""
    # With a default of the database: what workers of the version before enter has none.
    op.add_column(
        "analyses",
        sa.Column("companion_study_instance_uid", sa.String(64), nullable=False, server_default=""),
    )
    op.create_index(op.f("ix_studies_patient_id"), "studies", ["patient_id"])
