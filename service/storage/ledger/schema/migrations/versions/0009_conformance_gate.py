"""What the conformance gate says of a result object"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: the ledger is never taken back a version."""
    # With a default of the database: what was written before has been sent as it is.
    op.add_column("objects", sa.Column("fault", sa.Text(), nullable=False, server_default=""))
