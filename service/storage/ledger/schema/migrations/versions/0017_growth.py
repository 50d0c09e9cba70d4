"""Which revision's images were removed, in the study's row; indexes alone need no migration any more"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: the ledger is never taken back a version."""
    op.add_column("studies", sa.Column("images_removed_of", sa.Integer()))
