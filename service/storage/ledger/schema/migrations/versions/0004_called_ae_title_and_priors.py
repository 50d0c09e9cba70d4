"""The AE title of ours that the sender of an instance called, and priors that are fetched"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: the ledger is never taken back a version."""
    # With a default of the database: instances that are there were received without it.
    op.add_column(
        "instances",
        sa.Column("called_ae_title", sa.String(length=16), nullable=False, server_default=""),
    )
    op.create_table(
        "prior_fetches",
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("deadline", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_instance_uid"],
            ["studies.study_instance_uid"],
            name=op.f("fk_prior_fetches_study_instance_uid"),
        ),
        sa.PrimaryKeyConstraint("study_instance_uid", name=op.f("pk_prior_fetches")),
    )
    op.create_index(
        op.f("ix_prior_fetches_state_deadline"), "prior_fetches", ["state", "deadline"], unique=False
    )
    op.create_table(
        "priors",
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("prior_of", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("study_instance_uid", name=op.f("pk_priors")),
    )
