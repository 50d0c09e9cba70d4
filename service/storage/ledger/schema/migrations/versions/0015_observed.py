"""Senders and when they sent last; an index on deliveries that are not proven, which are few"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

IS_OPEN = sa.text("state IN ('waiting', 'sent')")


def upgrade() -> None:
    """Forward only: the ledger is never taken back a version."""
    op.create_table(
        "senders",
        sa.Column("calling_ae_title", sa.String(16), nullable=False),
        sa.Column("last_received_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("calling_ae_title", name=op.f("pk_senders")),
    )
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["destination", "state", "updated_at"],
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
