"""Leases with fencing tokens, and what an analysis has to know to be asked for again with another priority"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: the ledger is never taken back a version."""
    op.create_table(
        "leases",
        sa.Column("study_instance_uid", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("work", sa.String(128), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime()),
        sa.Column("dead_at", sa.DateTime()),
        sa.ForeignKeyConstraint(
            ["study_instance_uid"],
            ["studies.study_instance_uid"],
            name=op.f("fk_leases_study_instance_uid"),
        ),
        sa.PrimaryKeyConstraint("study_instance_uid", "revision", "work", name=op.f("pk_leases")),
    )
    op.create_index(op.f("ix_leases_dead_at"), "leases", ["dead_at"])
    # With defaults of the database: what workers of the version before enter is routine.
    op.add_column("analyses", sa.Column("priority", sa.String(16), nullable=False, server_default="routine"))
    op.add_column("analyses", sa.Column("assume_body_part", sa.String(16), nullable=False, server_default=""))
