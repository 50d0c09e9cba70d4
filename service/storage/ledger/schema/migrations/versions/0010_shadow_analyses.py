"""Analyses whose results are kept and compared, and never sent"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: the ledger is never taken back a version."""
    # With a default of the database: what workers of the version before enter is sent.
    op.add_column("analyses", sa.Column("shadow", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(op.f("ix_analyses_shadow_queued_at"), "analyses", ["shadow", "queued_at"])
