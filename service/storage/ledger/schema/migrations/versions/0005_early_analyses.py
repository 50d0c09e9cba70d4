"""Analyses of single series, and those that are early: made while the study is still being received"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: the ledger is never taken back a version."""
    # With defaults of the database: analyses that are there were of whole studies.
    op.add_column(
        "analyses", sa.Column("series_instance_uids", sa.JSON(), nullable=False, server_default="[]")
    )
    op.add_column("analyses", sa.Column("early", sa.Boolean(), nullable=False, server_default=sa.false()))
